"""Replay: the same recording gives the same run, and every promised file is there."""

import json
import signal
from dataclasses import replace

import pytest
from made_drive import MadePipeline, write_video
from mcap.reader import make_reader

from road_clarity.evaluation.commands import interruptible
from road_clarity.evaluation.filmstrip import MOST, Filmstrip, Still, pick
from road_clarity.evaluation.replay import replay
from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.summary_text import summary_text
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.events import Moment
from road_clarity.pipeline.evidence.provenance import parameters_of
from road_clarity.pipeline.evidence.store import Evidence
from road_clarity.pipeline.run_folder import read_rows


@pytest.fixture
def drive(tmp_path):
    return write_video(tmp_path / "drive.mp4", frames=6, rate=10)


def test_a_run_has_all_its_files(drive, tmp_path):
    out = tmp_path / "out"
    summary = replay([open_source(drive)], out, MadePipeline(high={2, 3}))
    assert sorted(path.name for path in out.iterdir()) == [
        "events", "frames.jsonl", "report.html", "run.mcap", "summary.json",
    ]  # fmt: skip
    assert (summary["frames"], summary["events"]) == (6, 1)
    assert summary["latency_ms"]["total"] == {"p50": 4.0, "p99": 4.0}
    assert summary["models"] == {
        "scnn_edge": {
            "weights": "scnn_edge.safetensors",
            "sha256": "ab" * 32,
            "backend": "torch",
            "version": "2.13.0",
            "precision": "fp32",
            "provider": "cpu",
        }
    }
    assert json.loads((out / "summary.json").read_text()) == summary
    assert summary["settings"] == parameters_of(MadePipeline.config)


@pytest.mark.claim("same")
def test_the_same_recording_twice_gives_the_same_bytes(drive, tmp_path):
    first, second = (
        replay([open_source(drive)], tmp_path / name, MadePipeline(high={2})) for name in "ab"
    )
    assert first["digest"] == second["digest"]
    logs = [(tmp_path / name / "run.mcap").read_bytes() for name in "ab"]
    assert logs[0] == logs[1]


def test_two_recordings_do_not_overlap_in_time(drive, tmp_path):
    pipeline = MadePipeline()
    sources = [open_source(drive, max_frames=2), open_source(drive, max_frames=2)]
    replay(sources, tmp_path / "out", pipeline)
    rows = list(read_rows(tmp_path / "out"))
    assert [row["index"] for row in rows] == [0, 1, 2, 3]
    assert [row["stamp_ns"] // 1_000_000 for row in rows] == [0, 100, 1100, 1200]
    assert pipeline.restarts == 2


def test_the_log_shows_every_frame_with_its_annotations_and_risk(drive, tmp_path):
    replay([open_source(drive)], tmp_path / "out", MadePipeline(high={1}))
    with (tmp_path / "out" / "run.mcap").open("rb") as file:
        messages = list(make_reader(file).iter_messages())
    topics = [channel.topic for _, channel, _ in messages]
    assert {topic: topics.count(topic) for topic in set(topics)} == {
        "/camera/image": 6, "/camera/annotations": 6, "/risk": 6,
    }  # fmt: skip
    risks = [json.loads(m.data) for _, channel, m in messages if channel.topic == "/risk"]
    assert [risk["level"] for risk in risks[:3]] == ["nominal", "high", "nominal"]
    assert messages[-1][2].log_time == 500_000_000


@pytest.mark.claim("whole")
def test_a_recording_that_breaks_off_leaves_nothing(tmp_path):
    def frames():
        yield from open_source(write_video(tmp_path / "a.mp4")).frames
        raise BadInput("video file", "a.mp4", "breaks off after 5 frames")

    source = open_source(write_video(tmp_path / "a.mp4"))
    object.__setattr__(source, "frames", frames())
    with pytest.raises(BadInput, match="breaks off"):
        replay([source], tmp_path / "out", MadePipeline())
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_recording_without_frames_is_refused(drive, tmp_path):
    with pytest.raises(BadInput, match="without frames"):
        replay([open_source(drive, max_frames=0)], tmp_path / "out", MadePipeline())


def test_the_text_tells_what_was_flagged_when_and_why(drive, tmp_path):
    summary = replay([open_source(drive)], tmp_path / "out", MadePipeline(high={2, 3}))
    text = summary_text(summary, tmp_path / "out")
    assert "0:00.2 to 0:00.3  high     0.80  person 7 is in the way" in text
    assert "corridor.person 0.80" in text
    assert summary["digest"] in text


def test_the_filmstrip_is_spread_over_a_drive_of_any_length(drive):
    strip = Filmstrip()
    pipeline = MadePipeline()
    (frame, *_) = open_source(drive).frames
    for index in range(100):
        outcome = pipeline.step(frame)
        scene = replace(outcome.scene, index=index)
        strip.see(Moment(frame, scene, outcome.risk))
    kept = pick(strip.all(), 8)
    assert len(kept) == 8 <= MOST
    assert kept[0].index == 0
    assert isinstance(kept[-1], Still) and kept[-1].index >= 88


def test_a_terminated_run_cleans_up_like_an_interrupted_one():
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGTERM)


def test_what_people_said_outlives_another_replay_into_the_same_folder(drive, tmp_path):
    out, event = tmp_path / "out", "0001-corridor-person"
    ids = []
    for _ in range(2):
        replay([open_source(drive)], out, MadePipeline(high={2}))
        evidence = Evidence(out)
        ids.append(evidence.entry(event).bundle_id)
        before = evidence.entry(event).label
        evidence.label(event, "FALSE_ALARM")
        evidence.close()
    assert ids[0] == ids[1]
    assert before == "FALSE_ALARM"


def test_a_replay_whose_evidence_cannot_be_stored_is_none(drive, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("road_clarity.pipeline.evidence.bundle.write_file", full)
    with pytest.raises(OSError, match="could not be stored: No space left on device"):
        replay([open_source(drive)], tmp_path / "out", MadePipeline(high={2}))
    assert not (tmp_path / "out").exists()
