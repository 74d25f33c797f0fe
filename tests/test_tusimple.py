"""TuSimple: the official score, the four classes, the split, and how few labels are varied."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from road_clarity.evaluation.lane_runs import columns
from road_clarity.evaluation.tusimple import evaluate_predictions, read_lines
from road_clarity.models.errors import BadInput
from road_clarity.models.scnn import LaneMaps
from road_clarity.models.tusimple_score import score_image
from road_clarity.safety.scene import Lane, Lanes
from road_clarity.training.lane_data import LaneSample, plain, vary
from road_clarity.training.lane_loss import LaneBatch, lane_loss
from road_clarity.training.lane_simulated import to_the_bottom
from road_clarity.training.lane_teacher import number_lines
from road_clarity.training.road_model import Road, fit_road, line_offsets
from road_clarity.training.tusimple import (
    LabelledFrame,
    four_lanes,
    read_labels,
    split,
    write_labels,
)

ROWS = [float(y) for y in range(400, 500, 10)]
LEFT = [300.0 - 5 * i for i in range(10)]
RIGHT = [400.0 + 5 * i for i in range(10)]


def test_the_labels_themselves_score_perfectly():
    assert score_image([LEFT, RIGHT], [LEFT, RIGHT], ROWS) == (1.0, 0.0, 0.0)


def test_no_prediction_misses_every_lane():
    assert score_image([], [LEFT, RIGHT], ROWS) == (0.0, 0.0, 1.0)


def test_a_standing_lane_may_be_missed_by_less_than_twenty_pixels():
    standing = [300.0] * 10
    assert score_image([[319.0] * 10], [standing], ROWS).accuracy == 1.0
    assert score_image([[320.0] * 10], [standing], ROWS).accuracy == 0.0


def test_a_leaning_lane_is_measured_across_it():
    leaning = [300.0 + 10 * i for i in range(10)]  # 45 degrees: 20 px across are 28.3 columns
    assert score_image([[x + 28 for x in leaning]], [leaning], ROWS).accuracy == 1.0
    assert score_image([[x + 29 for x in leaning]], [leaning], ROWS).accuracy == 0.0


def test_rows_without_lane_count_when_both_agree():
    half = LEFT[:5] + [-2.0] * 5
    assert score_image([half], [half], ROWS).accuracy == 1.0
    assert score_image([LEFT], [half], ROWS) == (0.5, 1.0, 1.0)


def test_of_five_lanes_the_worst_is_forgiven():
    five = [[100.0 * k] * 10 for k in range(1, 6)]
    assert score_image(five[:4], five, ROWS) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(("predicted", "ms"), [([LEFT] * 5, 0.0), ([LEFT, RIGHT], 201.0)])
def test_too_many_lanes_or_too_slow_is_a_failure(predicted, ms):
    assert score_image(predicted, [LEFT, RIGHT], ROWS, ms) == (0.0, 0.0, 1.0)


def test_a_lane_of_one_point_is_measured_along_its_row():
    point = [-2.0] * 9 + [300.0]
    assert score_image([[-2.0] * 9 + [319.0]], [point], ROWS) == (1.0, 0.0, 0.0)
    assert score_image([[-2.0] * 9 + [320.0]], [point], ROWS).accuracy == 0.9


def test_a_lane_of_slope_three_quarters_has_a_tolerance_of_25_columns():
    leaning = [300.0 + 7.5 * i for i in range(10)]  # sqrt(10^2 + 7.5^2) / 10 * 20 px = 25
    assert score_image([[x + 24.99 for x in leaning]], [leaning], ROWS).accuracy == 1.0
    assert score_image([[x + 25.01 for x in leaning]], [leaning], ROWS).accuracy == 0.0


def test_one_prediction_may_stand_for_two_labels():
    beside = [x + 5 for x in LEFT]
    assert score_image([LEFT], [LEFT, beside], ROWS) == (1.0, -1.0, 0.0)


def test_lanes_where_there_are_none_are_false():
    assert score_image([LEFT], [], ROWS) == (0.0, 1.0, 0.0)
    assert score_image([], [], ROWS) == (0.0, 0.0, 0.0)


def write(path, *lanes, raw_file="a/20.jpg", **changed):
    line = {"raw_file": raw_file, "lanes": list(lanes), "h_samples": ROWS, "run_time": 10}
    with path.open("a") as file:
        file.write(json.dumps(line | changed) + "\n")
    return path


def test_files_are_scored_as_images(tmp_path):
    truth = write(tmp_path / "truth.json", LEFT, RIGHT)
    found = write(tmp_path / "found.json", LEFT)
    assert evaluate_predictions(found, truth) == {"accuracy": 0.5, "fp": 0.0, "fn": 0.5}


def test_an_image_labelled_twice_counts_once_below_and_twice_above(tmp_path):
    for _ in range(2):
        truth = write(tmp_path / "truth.json", LEFT)
        found = write(tmp_path / "found.json", RIGHT)
    assert evaluate_predictions(found, truth) == {"accuracy": 0.0, "fp": 2.0, "fn": 2.0}


def test_a_prediction_without_run_time_was_in_time(tmp_path):
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"raw_file": "a", "lanes": [LEFT], "h_samples": ROWS}) + "\n")
    assert evaluate_predictions(truth, truth) == {"accuracy": 1.0, "fp": 0.0, "fn": 0.0}


def test_a_lane_of_another_length_is_refused_by_name(tmp_path):
    truth = write(tmp_path / "truth.json", LEFT)
    found = write(tmp_path / "found.json", LEFT[:3])
    sentence = r"lanes of a/20.jpg in .*found.json:1: every lane must have 10 columns"
    with pytest.raises(BadInput, match=sentence):
        evaluate_predictions(found, truth)
    with pytest.raises(BadInput, match=sentence.replace("found", "truth2")):
        evaluate_predictions(found, write(tmp_path / "truth2.json", LEFT[:3]))


def test_a_label_without_rows_is_refused(tmp_path):
    truth = write(tmp_path / "truth.json", LEFT, h_samples=[])
    with pytest.raises(BadInput, match="h_samples of .*truth.json:1"):
        evaluate_predictions(truth, truth)


@pytest.mark.parametrize("changes", [{"raw_file": "b/20.jpg"}, {"count": 2}])
def test_predictions_are_of_the_labelled_images(tmp_path, changes):
    truth = write(tmp_path / "truth.json", LEFT)
    for _ in range(changes.pop("count", 1)):
        found = write(tmp_path / "found.json", LEFT, **changes)
    with pytest.raises(BadInput, match="is not in the ground truth|each of the 1 images"):
        evaluate_predictions(found, truth)


def test_a_line_that_is_no_json_is_refused_with_its_number(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"raw_file": "a", "lanes": []}\nnonsense\n')
    with pytest.raises(BadInput, match="broken.json:2"):
        read_lines(path)


@pytest.mark.parametrize(
    "line",
    [
        '{"raw_file": "a", "lanes": [[NaN]]}',
        '{"raw_file": "a", "lanes": [["5"]]}',
        '{"raw_file": "a", "lanes": ["55"]}',
        '{"raw_file": "a", "lanes": [[1e999]]}',
        '{"raw_file": "a", "lanes": null}',
        '{"raw_file": "a", "lanes": [], "run_time": [10]}',
        '{"raw_file": 7, "lanes": []}',
        '{"lanes": []}',
        "[]",
        "[" * 100_000,
    ],
)
def test_what_is_no_lane_line_is_refused(tmp_path, line):
    path = tmp_path / "broken.json"
    path.write_text(line)
    with pytest.raises(BadInput, match="broken.json:1: must be a JSON object"):
        read_lines(path)


def test_what_is_no_text_file_is_refused(tmp_path):
    (tmp_path / "noise").write_bytes(b"\xff\xfe{")
    for path in (tmp_path, tmp_path / "noise", tmp_path / "none"):
        with pytest.raises(BadInput, match="a folder is in its place|no UTF-8|does not exist"):
            read_lines(path)


def test_nothing_to_score_is_refused(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(BadInput, match="at least one"):
        evaluate_predictions(tmp_path / "empty", tmp_path / "empty")


def test_pipeline_lanes_are_sampled_at_the_official_rows():
    lane = Lane(2, ((100.0, 700.0), (200.0, 500.0)), 0.9)
    assert columns(Lanes(0, (lane,)), [400.0, 600.0, 700.0]) == [[-2.0, 150.0, 100.0]]


def frame(clip: int, *lanes) -> LabelledFrame:
    return LabelledFrame(f"clips/0313-1/{clip}/20.jpg", lanes, tuple(ROWS))


def test_own_lane_lies_between_classes_two_and_three():
    far_right = [600.0 + 20 * i for i in range(10)]
    lanes = four_lanes(frame(0, tuple(RIGHT), tuple(LEFT), tuple(far_right)))
    assert sorted(lanes) == [2, 3, 4]
    assert lanes[2][0].tolist() == [300.0, 400.0]
    assert lanes[4][0].tolist() == [600.0, 400.0]


def test_a_lane_of_three_points_is_not_there():
    short = (300.0, 295.0, 290.0) + (-2.0,) * 7
    assert four_lanes(frame(0, short)) == {}


def test_the_split_is_by_stretch_of_road():
    learning, held_out = split([frame(clip) for clip in (3999, 4000, 5999, 6000, 14000)])
    assert [f.clip for f in learning] == [3999, 6000]
    assert [f.clip for f in held_out] == [4000, 5999, 14000]


def road_sample() -> LaneSample:
    left = np.array([[300, 140], [100, 359]], np.float32)
    right = np.array([[340, 140], [500, 359]], np.float32)
    return LaneSample(np.full((360, 640, 3), 90, np.uint8), {2: left, 3: right})


def test_a_plain_target_draws_each_class_where_its_line_is():
    target = plain(road_sample())
    assert target.existence.tolist() == [0, 1, 1, 0]
    assert target.classes[280, 86] == 2  # x 107 of 640, y 350 of 360
    assert target.classes[280, 394] == 3


def test_left_stays_left_whatever_is_varied():
    for seed in range(20):
        target = vary(road_sample(), np.random.default_rng(seed))
        row = target.classes[200]
        if (row == 2).any() and (row == 3).any():
            assert np.flatnonzero(row == 2).mean() < np.flatnonzero(row == 3).mean()


def test_the_same_seed_varies_alike():
    one, two = (vary(road_sample(), np.random.default_rng(7)) for _ in range(2))
    assert (one.image == two.image).all()
    assert (one.classes == two.classes).all()


def test_lines_of_a_curved_road_are_told_apart():
    road, y = Road(330.0, 150.0, 400.0), np.arange(359.0, 170.0, -4.0)
    x = np.concatenate([road.columns(offset, y, 360) for offset in (-500.0, -200.0, 240.0)])
    rows = np.tile(y, 3)
    fitted = fit_road(x, rows, (640, 360))
    assert line_offsets(fitted, x, rows, 360, 4.0) == pytest.approx([-500, -200, 240], abs=25)


def test_the_lines_beside_the_car_bound_its_lane():
    assert number_lines([-900.0, -650.0, -210.0, 250.0, 280.0, 700.0]) == {
        1: -650.0,
        2: -210.0,
        3: 250.0,
        4: 700.0,
    }
    assert number_lines([-210.0]) == {}


def test_what_nobody_knows_costs_nothing():
    unknown = LaneBatch(
        torch.zeros(1, 288, 512, 3, dtype=torch.uint8),
        torch.full((1, 288, 512), 255, dtype=torch.uint8),
        torch.tensor([[1, 0, torch.nan, torch.nan]]),
    )
    unknown.classes[:, :8] = 0
    logits = torch.zeros(1, 5, 36, 64)
    logits[:, 0, :2] = 100.0  # background where background is
    logits[:, 3, 8:] = 100.0  # a lane where nobody looks
    existence = torch.tensor([[1.0, 0.0, 0.3, 0.9]])
    assert lane_loss(LaneMaps(logits, existence), unknown).item() == pytest.approx(0.0, abs=1e-6)


def test_labels_survive_a_file(tmp_path):
    frames = [frame(4000, tuple(LEFT), tuple(RIGHT))]
    write_labels(tmp_path / "labels.json", frames)
    assert read_labels(tmp_path / "labels.json") == frames


def test_a_simulated_line_is_led_on_to_the_bottom():
    line = np.array([[100.0, 340.0], [120.0, 330.0], [130.0, 325.0]])
    assert to_the_bottom(line).tolist() == [[60, 360], [100, 340], [120, 330], [130, 325]]
