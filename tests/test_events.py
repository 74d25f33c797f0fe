"""Flagged frames become events, and an event keeps the evidence of its worst moment."""

import json

import cv2
import pytest
from made_drive import made_risk, made_scene, street

from road_clarity.pipeline.events import EventConfig, EventRecorder, Moment, is_flagged, read_events
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import Reason, Risk

SECOND_NS = 1_000_000_000


def moment(index, level="high", score=0.8, stamp_s=None):
    """Frame `index` of a camera with ten frames per second."""
    stamp_ns = round((index / 10 if stamp_s is None else stamp_s) * SECOND_NS)
    frame = Frame(index, stamp_ns, street())
    return Moment(frame, made_scene(index, stamp_ns), made_risk(stamp_ns, level, score))


@pytest.fixture
def recorder(tmp_path):
    return EventRecorder(tmp_path, {"scnn_edge": "ab"}, EventConfig(gap_s=0.5))


def play(recorder, levels, source="drive"):
    for index, level in enumerate(levels):
        recorder.see(moment(index, level), source)
    recorder.close()


def test_a_calm_drive_has_no_events(recorder, tmp_path):
    play(recorder, ["nominal"] * 5)
    assert list(tmp_path.iterdir()) == []


def test_flagged_frames_in_a_row_are_one_event(recorder, tmp_path):
    play(recorder, ["nominal", "high", "high", "elevated", "nominal"])
    (event,) = read_events(tmp_path)
    assert (event.start_index, event.end_index, event.level) == (1, 3, "high")
    assert (event.start_ns, event.end_ns) == (100_000_000, 300_000_000)


def test_a_short_calm_gap_does_not_split_an_event(recorder, tmp_path):
    play(recorder, ["high"] + ["nominal"] * 3 + ["high"])
    assert [(one.start_index, one.end_index) for one in read_events(tmp_path)] == [(0, 4)]


def test_a_long_calm_gap_does(recorder, tmp_path):
    play(recorder, ["high"] + ["nominal"] * 6 + ["high"])
    assert [(one.start_index, one.end_index) for one in read_events(tmp_path)] == [(0, 0), (7, 7)]


def test_an_event_ends_with_its_recording(recorder, tmp_path):
    recorder.see(moment(0), "first")
    over = recorder.see(moment(1), "second")
    recorder.close()
    assert over.source == "first"
    assert [one.source for one in read_events(tmp_path)] == ["first", "second"]


def test_the_worst_moment_is_kept(recorder, tmp_path):
    for index, score in enumerate((0.4, 0.9, 0.7)):
        recorder.see(moment(index, score=score), "drive")
    event = recorder.close()
    assert (event.peak_index, event.peak_ns, event.score) == (1, 100_000_000, 0.9)
    assert event.reasons == [
        {"code": "corridor.person", "share": 0.9, "region": [20.0, 10.0, 30.0, 40.0],
         "text": "person 7 is in the way", "module": "tracks", "label": None}
    ]  # fmt: skip


def test_high_outranks_a_camera_fault_with_a_full_score(recorder):
    recorder.see(moment(0, "high", score=0.7), "drive")
    fault = Reason("input.blurred", 1.0, None, "the image is blurred")
    blurred = moment(1)
    risk = Risk(blurred.scene.stamp_ns, 1.0, "unknown", (fault,))
    recorder.see(Moment(blurred.frame, blurred.scene, risk), "drive")
    assert recorder.close().level == "high"


def test_a_camera_fault_is_flagged():
    fault = Reason("input.frozen", 1.0, None, "the image has not changed for 2.0 s")
    assert is_flagged(Risk(0, 1.0, "unknown", (fault,)))


def test_a_world_model_that_warms_up_is_not():
    start = Reason("world.no_prediction", 1.0, None, "nothing to compare with yet")
    assert not is_flagged(Risk(0, 1.0, "unknown", (start,)))
    assert not is_flagged(Risk(0, 0.0, "unknown", ()))


def test_the_evidence_lies_in_the_folder_of_the_event(recorder, tmp_path):
    recorder.see(moment(3), "drive")
    event = recorder.close()
    folder = tmp_path / "0001-corridor-person"
    assert sorted(path.name for path in folder.iterdir()) == [
        "clip.mcap", "error_map.png", "event.json", "frame.png", "manifest.json", "overlay.jpg",
        "provenance.json", "tensors.safetensors",
    ]  # fmt: skip
    assert json.loads((folder / "event.json").read_text())["models"] == {
        "scnn_edge": {"sha256": "ab"}
    }
    picture = cv2.imread(str(folder / "frame.png"), cv2.IMREAD_COLOR_RGB)
    assert (picture == street()).all()
    assert event.id == folder.name
