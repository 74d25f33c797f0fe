"""Two runs of the same frames: what changed, and where most."""

import json
import math

import pytest
from made_run import append, made_row, made_run

from road_clarity.cli import main
from road_clarity.evaluation.diff.frame_change import (
    decades,
    frame_change,
    lanes_apart,
    overlap,
    regions_moved,
    shares_changed,
    unmatched,
)
from road_clarity.evaluation.diff.run_diff import diff_runs
from road_clarity.models.errors import BadInput

CODE = "corridor.person"


def reason(share, region=None, code=CODE):
    return {"code": code, "share": share, "region": region, "text": ""}


def line(number, *points):
    return {"id": number, "points": [list(p) for p in points], "confidence": 1.0}


def test_a_run_against_itself_is_identical(tmp_path):
    run = made_run(tmp_path / "a")
    report = diff_runs(run, run, 10, 0.0)
    assert report["same"]
    assert report["changed_most"] == []
    assert report["frames"] == {"both": 10, "only_first": 0, "only_second": 0, "by": "stamp_ns"}


def test_the_frame_that_became_risky_is_named(tmp_path):
    calm, risky = made_run(tmp_path / "a", "nnnn"), made_run(tmp_path / "b", "nnhn")
    report = diff_runs(calm, risky, 10, 0.0)
    assert not report["same"]
    assert report["risk"]["largest"] == 0.8
    assert report["risk"]["mean_change"] == 0.2
    assert report["risk"]["levels"] == {"nominal to high": 1}
    assert [one["index"] for one in report["changed_most"]] == [2]
    assert [one["level"] for one in report["events"]["only_second"]] == ["high"]


def test_a_tolerance_forgives_scores_but_no_level(tmp_path):
    run = made_run(tmp_path / "a", "nn")
    off, other = (made_run(tmp_path / name, "n") for name in "bc")
    row = made_row(1)
    row["risk"]["score"] = 0.01
    append(off, row)
    row["risk"]["level"] = "elevated"
    append(other, row)
    assert diff_runs(run, off, 10, 0.02)["same"]
    assert not diff_runs(run, off, 10, 0.0)["same"]
    assert not diff_runs(run, other, 10, 0.02)["same"]


def test_a_frame_that_only_one_run_has_is_a_difference(tmp_path):
    report = diff_runs(made_run(tmp_path / "a", "nnn"), made_run(tmp_path / "b", "nn"), 10, 0.0)
    assert (report["same"], report["frames"]["only_first"]) == (False, 1)


def test_a_score_that_became_unknown_is_a_difference(tmp_path):
    known, unknown = (made_run(tmp_path / name, "n") for name in "ab")
    row = made_row(1)
    append(known, row)
    append(unknown, row | {"risk": row["risk"] | {"score": None}})
    assert not diff_runs(known, unknown, 10, 1.0)["same"]


def test_shares_are_compared_by_code():
    first = [reason(0.5), reason(0.1, code="lane.lost")]
    second = [reason(0.2), reason(0.1), reason(0.1, code="lane.lost")]
    assert shares_changed(first, second) == {CODE: -0.2}


@pytest.mark.parametrize(("second", "moved"), [
    ([0, 0, 10, 10], 0.0), ([0, 5, 10, 15], 2 / 3), ([20, 20, 30, 30], 1.0), (None, 1.0),
])  # fmt: skip
def test_a_reason_that_points_elsewhere_has_moved(second, moved):
    found = regions_moved([reason(1.0, [0, 0, 10, 10])], [reason(1.0, second)])
    assert found == pytest.approx(moved)


def test_lanes_are_compared_in_the_rows_that_both_have():
    first = [line(2, (10, 100), (20, 50)), line(3, (90, 100), (80, 50))]
    second = [line(2, (13, 100), (18, 75), (23, 50))]
    assert lanes_apart(first, second) == (3.0, 1)


def test_lanes_without_a_common_row_are_at_no_distance():
    apart, lost = lanes_apart([line(2, (1, 90), (1, 80))], [line(2, (1, 70), (1, 60))])
    assert math.isnan(apart)
    assert lost == 0


def test_a_box_needs_one_of_its_label_in_the_other_run():
    person, car = ("person", [0, 0, 10, 20]), ("vehicle", [0, 0, 10, 20])
    assert unmatched([person], [("person", [0, 0, 10, 18])]) == 0
    assert unmatched([person], [car]) == 1


def test_a_box_that_is_no_number_overlaps_nothing():
    assert overlap([0, 0, 10, None], [0, 0, 10, 10]) == 0.0


@pytest.mark.parametrize(("first", "second", "expected"), [
    (0.1, 0.01, 1.0), (0.5, 0.5, 0.0), (None, None, 0.0), (0.1, 0.0, 5.0),
])  # fmt: skip
def test_strangeness_is_compared_in_powers_of_ten(first, second, expected):
    assert decades(first, second) == pytest.approx(expected)
    assert math.isnan(decades(first, None)) == (first is not None)


def test_another_level_weighs_more_than_another_score():
    row = made_row(0)
    scored = frame_change(row, row | {"risk": row["risk"] | {"score": 0.9}})
    levelled = frame_change(row, row | {"risk": row["risk"] | {"level": "high"}})
    assert levelled.weight > scored.weight > 0


def test_the_command_says_it_in_words_and_by_its_exit_code(tmp_path, capsys):
    calm, risky = made_run(tmp_path / "a", "nnnn"), made_run(tmp_path / "b", "nnhn")
    file = tmp_path / "diff.json"
    assert main(["diff", str(calm), str(risky), "--json", str(file)]) == 1
    out = capsys.readouterr().out
    assert "1 frames have another; nominal to high: 1" in out
    assert "2 at    0:01.2  0.00 nominal -> 0.80 high" in out
    assert json.loads(file.read_text())["risk"]["other_level"] == 1
    assert main(["diff", str(calm), str(calm)]) == 0


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"holds no frames\.jsonl"):
        diff_runs(tmp_path, tmp_path, 10, 0.0)


def test_a_run_that_is_not_complete_is_refused(tmp_path):
    run = made_run(tmp_path / "a", complete=False)
    with pytest.raises(BadInput, match=r"no readable summary\.json"):
        diff_runs(run, run, 10, 0.0)


def test_runs_without_a_common_frame_are_refused(tmp_path):
    one, other = (made_run(tmp_path / name, "n") for name in "ab")
    lines = (other / "frames.jsonl").read_text()
    (other / "frames.jsonl").write_text(
        lines.replace('"index":0,"stamp_ns":0', '"index":7,"stamp_ns":7')
    )
    with pytest.raises(BadInput, match="without a common frame"):
        diff_runs(one, other, 10, 0.0)
