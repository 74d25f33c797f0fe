"""A bundle holds what surrounds an event, names its content, and shows every later change."""

import json

import numpy as np
import pytest
from made_moments import SPACE, made_events, made_moment
from safetensors.numpy import load_file

from road_clarity.evaluation.sources import open_source
from road_clarity.pipeline.events import EventConfig, EventRecorder, read_events
from road_clarity.pipeline.evidence.bundle import Damaged, read_manifest, verify
from road_clarity.pipeline.evidence.clip import read_clip
from road_clarity.pipeline.evidence.provenance import Origin

FIRST = "0001-corridor-person"


def drive(folder, levels, **config):
    """One frame per letter, ten per second: n nominal, h high."""
    recorder = EventRecorder(folder, {"vae_edge": "ab" * 32}, EventConfig(**config))
    names = {"n": "nominal", "h": "high"}
    for index, letter in enumerate(levels):
        recorder.see(made_moment(index, names[letter], place=(float(index), 0.0)), "street")
    recorder.close()
    return read_events(folder)


def test_the_clip_begins_before_the_flag_and_ends_after_it(tmp_path):
    (event,) = drive(tmp_path, "n" * 10 + "hh" + "n" * 10, before_s=0.3, after_s=0.5, gap_s=0.2)
    stamps = [one.stamp_ns // 100_000_000 for one in read_clip(tmp_path / FIRST / "clip.mcap")]
    assert stamps == [7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    assert (event.clip_start_ns, event.clip_end_ns) == (700_000_000, 1_600_000_000)
    assert (event.start_ns, event.end_ns) == (1_000_000_000, 1_100_000_000)


def test_every_row_says_what_was_judged(tmp_path):
    drive(tmp_path, "nhn", gap_s=0.1, after_s=0.1)
    rows = [one.row for one in read_clip(tmp_path / FIRST / "clip.mcap")]
    assert [row["risk"]["level"] for row in rows] == ["nominal", "high", "nominal"]
    assert [row["latency_ms"] for row in rows] == [{}, {}, {}]


def test_a_clip_can_be_replayed_like_any_bag(tmp_path):
    drive(tmp_path, "nhn", gap_s=0.1, after_s=0.1)
    frames = list(open_source(tmp_path / FIRST / "clip.mcap").frames)
    assert [one.stamp_ns for one in frames] == [0, 100_000_000, 200_000_000]
    assert frames[1].image.shape == (48, 64, 3)
    assert abs(int(frames[1].image.mean()) - 10) <= 1  # the shade of frame 1


def test_of_a_fast_camera_only_some_pictures_are_kept_and_every_row(tmp_path):
    drive(tmp_path, "h" * 10, rate=2.0)
    kept = list(read_clip(tmp_path / FIRST / "clip.mcap"))
    assert [one.jpeg is not None for one in kept] == [True] + [False] * 4 + [True] + [False] * 4
    assert len([one for one in kept if one.row]) == 10


def test_a_long_event_goes_on_as_another_one(tmp_path):
    first, second, third = drive(tmp_path, "h" * 25, longest_s=1.0, before_s=0.2)
    assert [one.start_index for one in (first, second, third)] == [0, 11, 22]
    assert [one.continues for one in (first, second, third)] == [None, first.id, second.id]


def test_the_ring_forgets_and_another_recording_empties_it(tmp_path):
    recorder = EventRecorder(tmp_path, {}, EventConfig(before_s=1.0))
    for index in range(30):
        recorder.see(made_moment(index, "nominal"), "first")
    recorder.see(made_moment(31), "second")
    recorder.close()
    assert [one.stamp_ns for one in read_clip(tmp_path / FIRST / "clip.mcap")] == [3_100_000_000]


def test_the_peak_leaves_its_tensors_and_where_its_scene_lies(tmp_path):
    drive(tmp_path, "hhhh")  # scenes at 0, 1, 2, 3: all within half a second of the peak
    found = load_file(tmp_path / FIRST / "tensors.safetensors")
    assert sorted(found) == [
        "embedding", "segmentation.classes", "world.error_map", "world.latent",
        "world.reconstruction", "world.whitened",
    ]  # fmt: skip
    assert found["embedding"].dtype == np.float16
    assert found["embedding"].tolist() == [1.5, 0.0]
    assert (found["segmentation.classes"] == 3).all()


def test_the_provenance_names_weights_calibration_settings_and_code(tmp_path):
    origin = Origin({"vae_edge": "ab"}, {"world": {"vae": "vae_edge"}}, {"vae_edge": {"a": "b"}})
    recorder = EventRecorder(tmp_path, origin)
    recorder.see(made_moment(0), "street")
    recorder.close()
    said = json.loads((tmp_path / FIRST / "provenance.json").read_text())
    assert said["models"] == {"vae_edge": {"sha256": "ab"}}
    assert (said["calibration_id"], said["parameters"]["world"]["vae"]) == ("calm-1", "vae_edge")
    assert len(said["code_sha256"]) == 64
    assert SPACE.startswith("vae_edge@")


def test_equal_events_are_equal_bytes_and_have_one_id(tmp_path):
    ids = [verify(made_events(tmp_path / name) / FIRST) for name in "ab"]
    assert ids[0] == ids[1]
    assert ids[0] != verify(made_events(tmp_path / "c", [(1.0, 0.0)]) / FIRST)


def test_the_manifest_holds_every_other_file(tmp_path):
    bundle = made_events(tmp_path) / FIRST
    _, files = read_manifest(bundle)
    assert sorted([*files, "manifest.json"]) == sorted(one.name for one in bundle.iterdir())


@pytest.mark.parametrize(
    "file", ["clip.mcap", "event.json", "frame.png", "overlay.jpg", "tensors.safetensors"]
)
def test_a_single_changed_bit_shows(tmp_path, file):
    path = made_events(tmp_path) / FIRST / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Damaged, match=f"{file} is not what was stored"):
        verify(path.parent)
