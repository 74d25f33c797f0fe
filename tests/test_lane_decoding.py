"""Lane decoding: a line drawn into the maps comes back as that line, in camera pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from road_clarity.models.lane_decoding import (
    View,
    columns_at,
    decode,
    probability_rows,
    row_peaks,
)
from road_clarity.models.lane_line import Maxima, smooth_line, stiffness, strongest_line

NETWORK = (512, 288)
WHOLE = View((512, 288), (0, 0, 512, 288), NETWORK)


def maps_with_line(lane: int, bottom: float, top: float, rows: range = range(12, 36)) -> Tensor:
    """Logits (5, 36, 64) of a `lane` straight from column `bottom` to `top` [cells]."""
    logits = torch.zeros(5, 36, 64)
    logits[0] = 6.0
    for row in rows:
        along = (35 - row) / (35 - 12)
        column = bottom + along * (top - bottom)
        distance = (torch.arange(64) - column).abs()
        logits[lane, row] = 12.0 - 6.0 * distance
    return logits


def existing(*lanes: int) -> Tensor:
    return torch.tensor([0.9 if lane in lanes else 0.1 for lane in (1, 2, 3, 4)])


def test_a_straight_line_comes_back_straight():
    (lane,) = decode(maps_with_line(2, 10.0, 30.0), existing(2), WHOLE)
    x = columns_at(lane.points, np.array([240.0, 200.0, 160.0]))
    # 8 px a cell: the row r holds the column 10 + 20 (35 - r) / 23, stretched by 511/63 and 287/35
    expected = [(10 + 20 * (35 - y * 35 / 287) / 23) * 511 / 63 for y in (240, 200, 160)]
    assert x == pytest.approx(expected, abs=2.0)


def test_points_run_from_the_bottom_upwards():
    (lane,) = decode(maps_with_line(3, 50.0, 34.0), existing(3), WHOLE)
    assert (np.diff(lane.points[:, 1]) < 0).all()
    assert lane.id == 3


def test_a_line_that_does_not_exist_is_not_drawn():
    assert decode(maps_with_line(2, 10.0, 30.0), existing(), WHOLE) == []


def test_a_line_that_shows_in_too_few_rows_is_dropped():
    assert decode(maps_with_line(2, 10.0, 11.0, range(33, 34)), existing(2), WHOLE) == []


def test_a_line_of_little_confidence_is_dropped():
    (lane,) = decode(maps_with_line(2, 20.0, 30.0), existing(2), WHOLE)
    assert 0.3 * 0.9 < lane.confidence <= 0.9
    less = lane.confidence - 0.01
    line, there = maps_with_line(2, 20.0, 30.0), existing(2)
    assert len(decode(line, there, WHOLE, least_confidence=less)) == 1
    assert decode(line, there, WHOLE, least_confidence=less + 0.02) == []


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View((1280, 720), (0, 0, 1280, 720), NETWORK), (639.5, 359.5)),
        (View((320, 240), (0, 0, 320, 240), NETWORK), (159.5, 119.5)),
        (View((1640, 590), (0, 240, 1640, 590), NETWORK), (819.5, 414.5)),
    ],
)
def test_the_centre_of_the_view_is_the_centre_of_the_crop(view, expected):
    centre = view.to_source(np.array([[255.5, 143.5]]))
    assert centre[0].tolist() == pytest.approx(expected)


def test_the_box_mean_counts_the_border_as_empty():
    logits = torch.zeros(5, 36, 64)
    logits[1] = 50.0  # lane 1 everywhere
    lanes = probability_rows(logits, NETWORK)
    assert lanes.shape == (4, 72, 512)
    assert float(lanes[0, 25, 100]) == pytest.approx(1.0)
    assert float(lanes[0, 0, 0]) == pytest.approx(25 / 81)


def test_a_maximum_between_two_columns_is_found_between_them():
    probability = torch.zeros(8, 40)
    probability[7, 20:22] = 0.8
    found = row_peaks(probability, 0.3)
    assert found.rows.tolist() == [28.0]  # every fourth row is read
    assert found.columns.tolist() == pytest.approx([20.5])
    assert found.weights.tolist() == pytest.approx([0.8])


def maxima(rows, columns) -> Maxima:
    return Maxima(rows, columns, np.ones(len(rows)))


def test_a_stray_maximum_is_not_on_the_line():
    rows = np.arange(284.0, 180.0, -4.0)
    columns = 100.0 + (284.0 - rows)
    columns[10] += 60.0
    assert strongest_line(maxima(rows, columns)).rows.tolist() == [y for y in rows if y != 244.0]


def test_a_maximum_beside_the_line_does_not_bend_it():
    rows = np.arange(284.0, 180.0, -4.0)
    columns = 100.0 + (284.0 - rows)
    columns[10] += 20.0
    line = smooth_line(maxima(rows, columns), 150.0)
    assert line.columns == pytest.approx(100.0 + (284.0 - line.rows), abs=0.1)


def test_a_gap_between_dashes_is_filled():
    rows = np.array([284.0, 280.0, 276.0, 256.0, 252.0, 248.0])
    line = smooth_line(maxima(rows, 0.5 * rows), 150.0)
    assert line.rows.tolist() == list(range(284, 247, -4))
    assert line.columns == pytest.approx(0.5 * line.rows, abs=1e-3)


def test_a_far_patch_is_another_line():
    rows = np.concatenate([np.arange(284.0, 200.0, -4.0), [60.0, 56.0]])
    assert strongest_line(maxima(rows, np.full(len(rows), 50.0))).rows.min() == 204.0


def test_a_curve_near_the_horizon_stays_a_curve():
    rows = np.arange(284.0, 156.0, -4.0)
    columns = 250.0 + 0.8 * (rows - 150.0) + 400.0 / (rows - 150.0)
    line = smooth_line(maxima(rows, columns), 156.0)
    assert np.abs(line.columns - columns).max() < 3.0


def test_near_the_car_a_line_is_stiffer():
    near, far = stiffness(np.array([250.0, 170.0]), 150.0)
    assert near / far == pytest.approx((105 / 25) ** 5)


def test_a_lane_has_no_column_beyond_its_ends():
    points = np.array([[10.0, 200.0], [20.0, 100.0]])
    x = columns_at(points, np.array([250.0, 200.0, 150.0, 100.0, 50.0]))
    assert np.isnan(x).tolist() == [True, False, False, False, True]
    assert x[2] == 15.0
