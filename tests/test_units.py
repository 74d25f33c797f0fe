"""A run in parts: units that follow from their content, and a merge that loses nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_drive import MadePipeline, write_video
from mcap.reader import make_reader

from road_clarity.evaluation.bags import bag_length_s
from road_clarity.evaluation.record import record
from road_clarity.evaluation.replay import replay
from road_clarity.evaluation.sources import length_s, open_source
from road_clarity.evaluation.units import content_key as keys
from road_clarity.evaluation.units.config import WorkConfig
from road_clarity.evaluation.units.merge import Merge, Part
from road_clarity.evaluation.units.plan import plan, shards
from road_clarity.evaluation.units.unit import LEAD, Reading, Shard, Unit
from road_clarity.evaluation.units.unit_folder import UNIT, finished, made, sweep
from road_clarity.evaluation.units.unit_run import run_unit
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.events import EventRecorder, Moment, read_events
from road_clarity.pipeline.evidence.moved import Move, moved_files
from road_clarity.pipeline.presets import override, preset
from road_clarity.pipeline.run_folder import read_rows

CONFIG = preset("tiny")


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    """Ten frames in a second."""
    return write_video(tmp_path_factory.mktemp("drive") / "drive.mp4", frames=10, rate=10)


def unit(path: Path, shard: Shard | None = None, key: str = "k") -> Unit:
    return Unit(
        recording=0, source="drive", path=path, shard=shard or Shard(), reading=Reading(), key=key
    )


def merged(drive, tmp_path, stretches, high):
    """The run that MadePipeline makes of these stretches of the drive, each flagging `high`."""
    parts = []
    for number, shard in enumerate(stretches):
        folder = tmp_path / str(number)
        folder.mkdir()
        frames = unit(drive, shard).frames()
        said = run_unit(frames, "drive", MadePipeline(high=high), folder)
        parts.append(Part(0, "drive", f"part {number}", folder, said))
    out = tmp_path / "run"
    out.mkdir()
    merge = Merge(parts, out, MadePipeline())
    summary = merge.write({"failed": []}, tmp_path / "none")
    merge.finish(summary)
    return out, summary


@pytest.mark.parametrize("shard_s", [0.25, 0.3, 0.5, 0.9, 1.0, 7.0])
def test_shards_hold_every_frame_once(drive, shard_s):
    stamps = [
        frame.stamp_ns
        for shard in shards(drive, Reading(), WorkConfig(shard_s=shard_s, lead_s=0.2))
        for frame in unit(drive, shard).frames()
        if frame.index != LEAD
    ]
    assert stamps == [number * 100_000_000 for number in range(10)]


def test_a_shard_numbers_its_frames_from_its_start(drive):
    frames = list(unit(drive, Shard(number=1, start_s=0.5, end_s=0.8)).frames())
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [frame.stamp_ns for frame in frames] == [500_000_000, 600_000_000, 700_000_000]


def test_what_leads_to_a_shard_warms_the_pipeline_up_and_leaves_nothing(drive, tmp_path):
    stepped = []

    class Watched(MadePipeline):
        def step(self, frame):
            stepped.append(frame.stamp_ns // 1_000_000)
            return super().step(frame)

    shard = Shard(number=1, start_s=0.5, end_s=0.7, lead_s=0.2)
    said = run_unit(unit(drive, shard).frames(), "drive", Watched(high={0}), tmp_path)
    assert stepped == [300, 400, 500, 600]
    assert (said["frames"], said["start_ns"]) == (2, 500_000_000)
    assert [one.start_index for one in read_events(tmp_path / "events")] == [0]


def test_the_length_of_a_recording_is_known_before_it_is_decoded(drive, tmp_path):
    record(open_source(drive), tmp_path / "bag", 60.0)
    replay([open_source(drive)], tmp_path / "run", MadePipeline())
    assert length_s(drive, None, 10.0) == pytest.approx(0.9)
    assert bag_length_s(tmp_path / "bag", None) == pytest.approx(0.9)
    assert length_s(tmp_path / "run", None, 10.0) == pytest.approx(0.9)


@pytest.mark.claim("same")
def test_the_parts_of_a_run_are_the_run(drive, tmp_path):
    """MadePipeline remembers nothing, so that only the merge could make a difference."""
    whole = replay([open_source(drive)], tmp_path / "whole", MadePipeline())
    halves = [Shard(end_s=0.5), Shard(number=1, start_s=0.5)]
    out, summary = merged(drive, tmp_path, halves, high=set())
    assert summary["digest"] == whole["digest"]
    assert summary["sources"] == whole["sources"]
    assert [one["frames"] for one in summary["units"]] == [5, 5]
    logs = [messages(one / "run.mcap") for one in (out, tmp_path / "whole")]
    assert logs[0] == logs[1]


def messages(path):
    with path.open("rb") as file:
        return [(c.topic, m.log_time, m.data) for _, c, m in make_reader(file).iter_messages()]


def test_events_of_later_parts_are_numbered_on(drive, tmp_path):
    halves = [Shard(end_s=0.5), Shard(number=1, start_s=0.5)]
    out, summary = merged(drive, tmp_path, halves, high={2})
    events = read_events(out / "events")
    assert [one.id for one in events] == ["0001-corridor-person", "0002-corridor-person"]
    assert [one.peak_index for one in events] == [2, 7]
    assert [one.peak_ns for one in events] == [200_000_000, 700_000_000]
    assert summary["events"] == 2


def test_a_bundle_that_is_moved_is_the_one_that_would_have_been_recorded(drive, tmp_path):
    def recorded(folder, frames, ns, before):
        recorder, pipeline = EventRecorder(folder, {}), MadePipeline(high={2 + frames, 4 + frames})
        for event in range(before):  # so that the next one has a later number
            (folder / f"{event + 1:04d}-earlier").mkdir(parents=True)
        for frame in open_source(drive).frames:
            frame = replace(frame, index=frame.index + frames, stamp_ns=frame.stamp_ns + ns)
            outcome = pipeline.step(frame)
            recorder.see(Moment(frame, outcome.scene, outcome.risk), "drive")
        return recorder.close()

    here = recorded(tmp_path / "here", 0, 0, 0)
    there = recorded(tmp_path / "there", 1000, 5_000_000_007, 3)
    files = {
        one.name: one.read_bytes()
        for one in (tmp_path / "here" / here.id).iterdir()
        if one.name != "manifest.json"
    }
    moved = moved_files(files, Move(frames=1000, ns=5_000_000_007, events=3), "drive")
    for name, content in moved.items():
        assert content == (tmp_path / "there" / there.id / name).read_bytes(), name


def test_two_recordings_that_overlap_are_moved_with_their_pictures_and_events(drive, tmp_path):
    out = tmp_path / "run"
    replay([open_source(drive), open_source(drive)], out, MadePipeline(high={3}))
    events = read_events(out / "events")
    assert [one.peak_index for one in events] == [3, 13]
    assert [one.peak_ns // 1_000_000 for one in events] == [300, 2200]
    times = [at // 1_000_000 for topic, at, _ in messages(out / "run.mcap") if topic == "/risk"]
    assert times[9:12] == [900, 1900, 2000]


def test_a_part_without_frames_is_passed_over(drive, tmp_path):
    stretches = [Shard(end_s=5.0), Shard(number=1, start_s=5.0)]
    _, summary = merged(drive, tmp_path, stretches, high=set())
    assert (summary["frames"], len(summary["units"])) == (10, 1)


# The unit folder ----------------------------------------------------------------------------------


@pytest.fixture
def folder(drive, tmp_path):
    """A finished unit."""
    with made(tmp_path / "units" / "k") as partial:
        run_unit(unit(drive).frames(), "drive", MadePipeline(high={2}), partial, "k")
    return tmp_path / "units" / "k"


def test_a_finished_unit_says_what_it_holds(folder):
    said = finished(folder, "k")
    assert (said["frames"], said["end_ns"]) == (10, 900_000_000)


@pytest.mark.claim("whole")
@pytest.mark.parametrize("spoil", [
    lambda folder: (folder / UNIT).unlink(),
    lambda folder: (folder / UNIT).write_text((folder / UNIT).read_text()[:-9]),
    lambda folder: (folder / "frames.jsonl").write_text(""),
    lambda folder: (folder / "run.mcap").unlink(),
])  # fmt: skip
def test_half_a_unit_is_none(folder, spoil):
    spoil(folder)
    assert finished(folder, "k") is None


def test_a_unit_of_something_else_is_none(folder):
    assert finished(folder, "another key") is None


@pytest.mark.claim("whole")
def test_a_unit_that_breaks_off_leaves_no_folder(tmp_path):
    with pytest.raises(KeyboardInterrupt), made(tmp_path / "k"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_worker_left_is_swept_away(folder):
    (folder.parent / ".k.abc.partial").mkdir()
    sweep(folder.parent)
    assert [one.name for one in folder.parent.iterdir()] == ["k"]


def test_an_event_that_was_changed_in_the_cache_is_refused(folder, tmp_path):
    (folder / "events" / "0001-corridor-person" / "event.json").write_text("{}")
    out = tmp_path / "out"
    out.mkdir()
    merge = Merge([Part(0, "drive", "drive", folder, finished(folder, "k"))], out, MadePipeline())
    with pytest.raises(BadInput, match="was changed after it was finished"):
        merge.write({"failed": []}, tmp_path / "none")


# What the result follows from ---------------------------------------------------------------------


def key(path, config=CONFIG, reading=None, shard_s=0.0, threads=1):
    work = WorkConfig(shard_s=shard_s, threads=threads)
    origin = keys.origin_of_results(config, "cpu", threads)
    return [one.key for one in plan([path], reading or Reading(), work, origin)]


@pytest.fixture
def other_weights(tmp_path, monkeypatch):
    """The folder of imported weights, as if it held those that ship."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("scnn_edge.md", "scnn_edge.safetensors"):
        (folder / name).write_bytes((keys.weights.WEIGHTS / name).read_bytes())
    monkeypatch.setattr(keys.weights, "folders", lambda only: (folder, keys.weights.WEIGHTS))
    return folder


def test_a_key_does_not_depend_on_where_the_recording_lies(drive, tmp_path):
    copy = tmp_path / "renamed.mp4"
    copy.write_bytes(drive.read_bytes())
    assert key(copy) == key(drive)


def test_a_key_changes_with_every_byte_of_the_recording(drive, tmp_path):
    longer = tmp_path / "drive.mp4"
    longer.write_bytes(drive.read_bytes() + b"\0\0\0\0\0\0\0\0")
    assert key(longer) != key(drive)


@pytest.mark.parametrize("change", [
    {"config": override(CONFIG, ["safety.high=0.61"])},
    {"config": override(CONFIG, ["lanes.weights=scnn_edge", "world.vae=rg_edge"])},
    {"reading": Reading(max_frames=9)},
    {"shard_s": 0.5},
    {"threads": 2},
])  # fmt: skip
def test_a_key_changes_with_what_the_result_follows_from(drive, change):
    assert not set(key(drive, **change)) & set(key(drive))


def test_a_key_changes_with_the_bytes_of_the_weights(drive, other_weights):
    before = key(drive)
    path = other_weights / "scnn_edge.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert key(drive) != before


def test_a_key_changes_with_our_code(drive, monkeypatch):
    before = key(drive)
    monkeypatch.setattr(keys, "sources_sha256", lambda folders: "another version")
    assert key(drive) != before


def test_a_folder_is_hashed_by_names_and_bytes(tmp_path):
    (tmp_path / "1.png").write_bytes(b"a")
    before = keys.path_sha256(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"a lock")
    assert keys.path_sha256(tmp_path) == before
    (tmp_path / "1.png").rename(tmp_path / "2.png")
    assert keys.path_sha256(tmp_path) != before


def test_stills_are_of_the_whole_run(drive, tmp_path):
    halves = [Shard(end_s=0.5), Shard(number=1, start_s=0.5)]
    out, _ = merged(drive, tmp_path, halves, high=set())
    page = (out / "report.html").read_text()
    assert 'alt="frame 0"' in page and 'alt="frame 9"' in page
    assert json.loads((out / "summary.json").read_text())["frames"] == 10
    assert [row["index"] for row in read_rows(out)] == list(range(10))
