"""Statistics of the picture: what noise, blur, veils and lost blocks do to them."""

import cv2
import numpy as np
import pytest

from road_clarity.models.scene_novelty import STATISTICS
from road_clarity.safety.frame_statistics import (
    bands,
    colour,
    exposure,
    frame_statistics,
    outstanding,
    shape,
)


def grey(seed=0):
    """A smooth random scene in [0, 1]."""
    rng = np.random.default_rng(seed)
    scene = cv2.GaussianBlur(rng.random((180, 320), dtype=np.float32), (0, 0), 2)
    return (scene - scene.min()) / (scene.max() - scene.min())


def test_a_picture_has_as_many_statistics_as_the_scorers_know():
    assert frame_statistics(np.zeros((36, 64, 3), np.uint8)).shape == (STATISTICS,)


def test_a_blank_picture_has_finite_statistics():
    assert np.isfinite(frame_statistics(np.full((36, 64, 3), 255, np.uint8))).all()


def test_blur_takes_the_finest_octave():
    assert bands(cv2.GaussianBlur(grey(), (0, 0), 3))[0] < bands(grey())[0] - 1.0


def test_noise_makes_neighbours_unlike():
    noisy = grey() + np.random.default_rng(1).normal(0, 0.2, (180, 320)).astype(np.float32)
    beside = 2
    assert shape(grey())[beside] > 0.5
    assert abs(shape(noisy)[beside]) < 0.5 * shape(grey())[beside]


def test_a_white_picture_has_hit_the_upper_end():
    *_, black, white = exposure(np.ones((180, 320), np.float32))
    assert (black, white) == (0.0, 1.0)


def test_swapping_red_and_blue_swaps_what_they_are_against_green():
    image = np.full((180, 320, 3), (200, 100, 50), np.uint8)
    red, blue = colour(image)[:2]
    assert (red, blue) == pytest.approx((100 / 255, -50 / 255), abs=1e-4)
    assert colour(np.ascontiguousarray(image[..., ::-1]))[:2] == pytest.approx(
        [blue, red], abs=1e-4
    )


def test_rows_that_do_not_follow_stand_out():
    steps = np.full(100, 0.01, np.float32)
    even = outstanding(steps)
    steps[[10, 40, 70]] = 0.3
    assert even == 0.0
    assert outstanding(steps) > 3.0
