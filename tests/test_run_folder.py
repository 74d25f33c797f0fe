"""The run folder: complete or not there at all."""

import json
import math

import pytest
from made_drive import made_risk, made_scene

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame_row import frame_row, rounded
from road_clarity.pipeline.run_folder import RunFolder, read_rows, staged
from road_clarity.safety.scene import Scene


def row(index=0, latency_ms=4.0):
    return frame_row(made_scene(index, index), made_risk(index, "high"), {"total": latency_ms})


def write_run(path, rows):
    path.mkdir(exist_ok=True)
    run = RunFolder(path)
    for one in rows:
        run.append(one)
    run.finish({"frames": len(rows)})
    return run.digest


def test_a_row_has_the_agreed_fields():
    one = row(3)
    assert list(one) == [
        "index", "stamp_ns", "risk", "lanes", "tracks", "anomaly", "world", "latency_ms",
    ]  # fmt: skip
    assert one["tracks"] == [
        {"id": 7, "label": "person", "box": [20.0, 10.0, 30.0, 40.0], "confidence": 0.9}
    ]
    assert one["anomaly"] == {"score": 0.02, "p_value": 0.25, "calibration_id": "calm-1"}


def test_what_is_not_known_is_null():
    assert row()["world"] == {"surprise": None, "horizon_s": 0.5}
    blind = Scene(0, 0, (4, 4), None, None, None, None, ())
    one = frame_row(blind, made_risk(0, "unknown"), {})
    assert (one["lanes"], one["tracks"], one["anomaly"]["score"]) == (None, None, None)


def test_numbers_are_rounded_the_same_everywhere():
    assert [rounded(v, 2) for v in (1.239, -0.001, math.nan, math.inf)] == [1.24, 0.0, None, None]


@pytest.mark.claim("same")
def test_the_digest_does_not_depend_on_how_fast_it_went(tmp_path):
    slow = write_run(tmp_path / "slow", [row(0, 90.0), row(1, 80.0)])
    fast = write_run(tmp_path / "fast", [row(0, 1.0), row(1, 2.0)])
    assert slow == fast
    assert slow != write_run(tmp_path / "other", [row(0), row(2)])


def test_rows_come_back_and_a_half_written_one_is_left_out(tmp_path):
    write_run(tmp_path, [row(0), row(1)])
    with (tmp_path / "frames.jsonl").open("a") as file:
        file.write('{"index": 2, "sta')
    assert [one["index"] for one in read_rows(tmp_path)] == [0, 1]


@pytest.mark.claim("whole")
def test_a_run_appears_only_when_it_is_complete(tmp_path):
    out = tmp_path / "deep" / "out"
    with staged(out) as folder:
        write_run(folder, [row()])
        assert not out.parent.exists()
    assert sorted(path.name for path in out.iterdir()) == ["events", "frames.jsonl", "summary.json"]


@pytest.mark.parametrize("reason", [BadInput("video", "x", "cut short"), KeyboardInterrupt()])
def test_a_run_that_failed_leaves_nothing(tmp_path, reason):
    with pytest.raises(type(reason)), staged(tmp_path / "deep" / "out") as folder:
        write_run(folder, [row()])
        raise reason
    assert list(tmp_path.iterdir()) == []


@pytest.mark.claim("whole")
def test_a_run_that_failed_leaves_the_earlier_one_alone(tmp_path):
    write_run(tmp_path / "out", [row(5)])
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "out"):
        raise KeyboardInterrupt
    assert [one["index"] for one in read_rows(tmp_path / "out")] == [5]


def test_an_earlier_run_is_replaced(tmp_path):
    write_run(tmp_path / "out", [row(5)])
    with staged(tmp_path / "out") as folder:
        write_run(folder, [row(6)])
    assert [one["index"] for one in read_rows(tmp_path / "out")] == [6]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.claim("whole")
def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    write_run(tmp_path / "out", [row()])
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInput, match="holds other files"), staged(tmp_path / "out"):
        pass
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == {"frames": 1}


def test_a_file_is_no_run_folder(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(BadInput, match="is a file"), staged(tmp_path / "out"):
        pass
