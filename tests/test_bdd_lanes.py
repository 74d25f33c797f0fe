"""BDD100K's lane marks: the byte, the boundary measure, the official figures, and bad input."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from road_clarity.cli import main
from road_clarity.evaluation.bdd_lanes import TASKS, boundary_f, evaluate_predictions
from road_clarity.models.errors import BadInput
from road_clarity.training.data_root import find_data_root

NOTHING = 255
ROAD_CURB, VERTICAL, DASHED = 4, 1 << 5, 1 << 4
DATA = find_data_root()
needs_data = pytest.mark.skipif(DATA is None, reason="ROAD_CLARITY_DATA is not there")


def row(y, start, stop, shape=(10, 10)):
    mask = np.zeros(shape, bool)
    mask[y, start:stop] = True
    return mask


# ---------------------------------------------------------------- the measure


def test_lines_two_rows_apart_agree_from_a_reach_of_two():
    assert boundary_f(row(3, 3, 7), row(5, 3, 7)) == [0.0, 1.0, 1.0]


def test_precision_and_recall_are_shares_of_pixels():
    truth, said = row(5, 0, 10), row(5, 0, 4)  # all of said is right, 5 of 10 are within a pixel
    assert boundary_f(truth, said)[0] == pytest.approx(2 * 1.0 * 0.5 / 1.5)


def test_reach_is_measured_as_the_crow_flies():
    truth, said = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    truth[0, 0], said[3, 4] = True, True  # 5 away
    assert boundary_f(truth, said) == [0.0, 0.0, 1.0]
    said[3, 4], said[4, 4] = False, True  # 5.7 away
    assert boundary_f(truth, said) == [0.0, 0.0, 0.0]


def test_a_class_that_neither_is_nor_was_said_is_right():
    nothing = np.zeros((10, 10), bool)
    assert boundary_f(nothing, nothing) == [1.0, 1.0, 1.0]
    assert boundary_f(row(3, 3, 7), nothing) == boundary_f(nothing, row(3, 3, 7)) == [0, 0, 0]


def test_the_byte_holds_direction_style_and_category():
    marks = np.array([[ROAD_CURB | VERTICAL, 7 | DASHED, NOTHING, 0]], np.uint8)
    found = {task.name: [mask[0].tolist() for mask in task.masks(marks)] for task in TASKS}
    assert found["direction"] == [[False, True, False, True], [True, False, False, False]]
    assert found["style"] == [[True, False, False, True], [False, True, False, False]]
    assert found["category"][ROAD_CURB] == [True, False, False, False]
    assert found["category"][7] == [False, True, False, False]
    assert found["category"][0] == [False, False, False, True]


# ---------------------------------------------------------------- folders


def put(folder, name, marks):
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.png"), marks)


def curb(y):
    marks = np.full((20, 30), NOTHING, np.uint8)
    marks[y] = ROAD_CURB
    return marks


def test_classes_and_tasks_are_averaged(tmp_path):
    put(tmp_path / "truth", "a", curb(5))
    put(tmp_path / "said", "a", curb(7))  # two rows away
    scores = evaluate_predictions(tmp_path / "said", tmp_path / "truth")
    close = scores["F1_pix1"]
    assert close["road curb"] == close["parallel"] == close["solid"] == 0.0
    assert close["vertical"] == close["crosswalk"] == 100.0
    assert (close["DIRECTION"], close["STYLE"], close["CATEGORY"]) == (50.0, 50.0, 87.5)
    assert close["AVERAGE"] == 62.5
    assert scores["F1_pix2"]["AVERAGE"] == 100.0


def test_a_missing_prediction_is_an_image_of_zeros(tmp_path):
    put(tmp_path / "truth", "a", curb(5))
    put(tmp_path / "said", "b", curb(5))
    put(tmp_path / "zeros", "a", np.zeros((20, 30), np.uint8))
    left_out = evaluate_predictions(tmp_path / "said", tmp_path / "truth")
    zeros = evaluate_predictions(tmp_path / "zeros", tmp_path / "truth")
    assert (left_out.pop("missing"), zeros.pop("missing")) == (1, 0)
    assert left_out == zeros


@needs_data
def test_the_official_cases_have_the_official_figures():
    reference = DATA / "eval_reference/bdd100k/lane"
    scores = evaluate_predictions(reference / "res", reference / "gts")
    expected = {  # lane_test.py of the toolkit: within 1, 2 and 5 pixels
        "parallel": (70.53328267, 80.9831119, 100.0),
        "vertical": (100.0, 100.0, 100.0),
        "solid": (70.53328267, 80.9831119, 100.0),
        "dashed": (100.0, 100.0, 100.0),
        "crosswalk": (99.82147748, 100.0, 100.0),
        "double other": (100.0, 100.0, 100.0),
        "double white": (100.0, 100.0, 100.0),
        "double yellow": (75.33066961, 79.34917317, 100.0),
        "road curb": (71.02916505, 86.25984707, 100.0),
        "single other": (100.0, 100.0, 100.0),
        "single white": (96.43828133, 100.0, 100.0),
        "single yellow": (94.79621737, 100.0, 100.0),
        "DIRECTION": (85.26664133, 90.49155595, 100.0),
        "STYLE": (85.26664133, 90.49155595, 100.0),
        "CATEGORY": (92.17697636, 95.70112753, 100.0),
        "AVERAGE": (87.57008634, 92.22807981, 100.0),
    }
    for column, reach in enumerate((1, 2, 5)):
        figures = {name: values[column] for name, values in expected.items()}
        assert scores[f"F1_pix{reach}"] == pytest.approx(figures, abs=1e-8)


# ---------------------------------------------------------------- what is refused


def test_label_images_have_one_byte_per_pixel_and_one_size(tmp_path):
    put(tmp_path / "truth", "a", curb(5))
    put(tmp_path / "said", "a", np.dstack([curb(5)] * 3))
    with pytest.raises(BadInput, match=r"said/a.png: must be a PNG with one byte per pixel"):
        evaluate_predictions(tmp_path / "said", tmp_path / "truth")
    put(tmp_path / "said", "a", curb(5)[:10])
    with pytest.raises(BadInput, match="its size must be that of .*truth/a.png"):
        evaluate_predictions(tmp_path / "said", tmp_path / "truth")
    (tmp_path / "said/a.png").write_bytes(b"\x89PNG nonsense")
    with pytest.raises(BadInput, match="must be a PNG"):
        evaluate_predictions(tmp_path / "said", tmp_path / "truth")


def test_folders_are_needed(tmp_path, capsys):
    put(tmp_path / "truth", "a", curb(5))
    (tmp_path / "empty").mkdir()
    asked = ["evaluate", "lanes", "--format", "bdd100k"]
    truth, empty, none = (str(tmp_path / name) for name in ("truth", "empty", "none"))
    for said, held, sentence in (
        (none, truth, "is not a folder"),
        (truth, none, "is not a folder"),
        (truth, empty, "there must be PNG label images in it"),
    ):
        assert main([*asked, "--predictions", said, "--ground-truth", held]) == 2
        assert sentence in capsys.readouterr().err
    assert main([*asked, "--data", truth]) == 2
    assert main([*asked, "--predictions", truth, "--ground-truth", truth]) == 0
    assert json.loads(capsys.readouterr().out)["F1_pix1"]["AVERAGE"] == 100.0
