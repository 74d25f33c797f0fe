"""Several tracks at once are scored as py-motmetrics scores them."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from road_clarity.evaluation.evaluate_commands import evaluate
from road_clarity.evaluation.mot import distances, evaluate_predictions, read_mot
from road_clarity.models.errors import BadInput
from road_clarity.training.data_root import find_data_root

pytest.importorskip("motmetrics", reason="motmetrics is not there")

DATA = find_data_root()
needs_data = pytest.mark.skipif(DATA is None, reason="ROAD_CLARITY_DATA is not there")


def files(tmp_path, truth, said):
    for name, rows in (("gt.txt", truth), ("said.txt", said)):
        text = "\n".join(",".join(map(str, row)) for row in rows)
        (tmp_path / name).write_text(text)
    return tmp_path / "said.txt", tmp_path / "gt.txt"


def person(frame, identity, left, confidence=1):
    return (frame, identity, left, 0, 10, 20, confidence)


def overall(tmp_path, truth, said):
    return evaluate_predictions(*files(tmp_path, truth, said))["overall"]


def test_somebody_followed_all_the_way_is_mostly_tracked(tmp_path):
    walk = [person(frame, 1, frame) for frame in range(1, 6)]
    found = overall(tmp_path, walk, walk)
    assert (found["mota"], found["motp"], found["idf1"]) == (1.0, 0.0, 1.0)
    assert (found["mostly_tracked"], found["identities"], found["frames"]) == (1, 1, 5)


def test_a_new_identity_half_way_is_one_switch(tmp_path):
    truth = [person(frame, 1, 0) for frame in range(1, 5)]
    said = [person(frame, 7 if frame < 3 else 8, 0) for frame in range(1, 5)]
    found = overall(tmp_path, truth, said)
    assert (found["switches"], found["mota"], found["idf1"]) == (1, 0.75, 0.5)


def test_whoever_is_missed_and_whoever_is_not_there(tmp_path):
    found = overall(
        tmp_path, [person(1, 1, 0), person(2, 1, 0)], [person(1, 1, 0), person(1, 2, 50)]
    )
    assert (found["fn"], found["fp"], found["mota"]) == (1, 1, 0.0)
    assert (found["recall"], found["precision"]) == (0.5, 0.5)


def test_a_truth_without_confidence_counts_and_one_of_zero_does_not(tmp_path):
    found = overall(tmp_path, [person(1, 1, 0)[:6], person(1, 2, 50, 0)], [person(1, 1, 0)])
    assert (found["fn"], found["fp"]) == (0, 0)


def test_a_tracker_that_says_nothing_misses_everybody(tmp_path):
    found = overall(tmp_path, [person(1, 1, 0)], [])
    assert (found["mota"], found["recall"]) == (0.0, 0.0)
    assert found["motp"] is found["precision"] is None


def test_boxes_that_share_less_than_half_are_not_the_same():
    was, said = np.array([[0.0, 0, 10, 10]]), np.array([[2.0, 0, 10, 10], [4.0, 0, 10, 10]])
    apart = distances(was, said)
    assert apart[0, 0] == pytest.approx(1 / 3)
    assert np.isnan(apart[0, 1])


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((1, 1, 0, 0, 10), "every line must be frame, identity"),
        ((1, 1, 0, 0, "ten", 20), "must be numbers"),
        ((1, 1, 0, 0, "inf", 20), "line 2 is not finite"),
        ((1, 1, 0, 0, -1, 20), "line 2 has a negative size"),
        ((1.5, 1, 0, 0, 10, 20), "line 2 has a frame or identity"),
        (person(9, 9, 0), "line 2 names somebody whom the frame has already"),
    ],
)
def test_a_line_that_is_no_track_is_refused(tmp_path, row, sentence):
    said, _ = files(tmp_path, [], [person(9, 9, 0), row])
    with pytest.raises(BadInput, match=sentence):
        read_mot("prediction", said)


@pytest.mark.parametrize("truth", [[], [person(1, 1, 0, 0)]])
def test_a_truth_without_anybody_is_refused(tmp_path, truth):
    with pytest.raises(BadInput, match="has nobody"):
        overall(tmp_path, truth, [person(1, 1, 0)])


def test_a_sequence_without_tracks_is_named(tmp_path):
    (tmp_path / "Street/gt").mkdir(parents=True)
    (tmp_path / "Street/gt/gt.txt").write_text("1,1,0,0,10,20,1")
    with pytest.raises(BadInput, match="has neither Street.txt nor"):
        evaluate_predictions(tmp_path, tmp_path)
    with pytest.raises(BadInput, match="must be a file, or hold"):
        evaluate_predictions(tmp_path, tmp_path / "Street/gt/none")


def test_the_command_says_what_it_lacks():
    done = CliRunner().invoke(evaluate, ["objects", "--format", "mot", "--ground-truth", "gt.txt"])
    assert "--predictions" in str(done.exception)


@needs_data
def test_the_figures_of_py_motmetrics_for_tud(tmp_path):
    folder, out = DATA / "eval_reference/motmetrics_tud", tmp_path / "scores.json"
    options = ["--predictions", f"{folder}", "--ground-truth", str(folder), "--json", str(out)]
    assert CliRunner().invoke(evaluate, ["objects", "--format", "mot", *options]).exit_code == 0
    found = json.loads(out.read_text())
    keys = ("idf1", "id_precision", "id_recall", "recall", "precision", "identities")
    keys += ("mostly_tracked", "partially_tracked", "mostly_lost", "fp", "fn", "switches")
    keys += ("fragmentations", "mota", "motp")
    assert [found["sequences"]["TUD-Campus"][key] for key in keys] == pytest.approx(
        [0.557659, 0.729730, 0.451253, 0.582173, 0.941441, 8, 1, 6, 1, 13, 150, 7, 7]
        + [0.526462, 0.277201], abs=1e-6,
    )  # fmt: skip
    assert [found["sequences"]["TUD-Stadtmitte"][key] for key in keys] == pytest.approx(
        [0.644619, 0.819760, 0.531142, 0.608997, 0.939920, 10, 5, 4, 1, 45, 452, 7, 6]
        + [0.564014, 0.345904], abs=1e-6,
    )  # fmt: skip
    assert [found["overall"][key] for key in keys] == pytest.approx(
        [0.624296, 0.799176, 0.512211, 0.602640, 0.940268, 18, 6, 10, 2, 58, 602, 14, 13]
        + [0.555116, 0.330177], abs=1e-6,
    )  # fmt: skip
