"""How often a scene is found again is counted right."""

import numpy as np
import pytest

from road_clarity.evaluation.similar_scenes import averaged, found_again, unit


def test_two_drives_that_lie_apart_are_always_found_again():
    drives = np.array([0, 0, 1, 1])
    stamps = np.array([0.0, 10.0, 0.0, 10.0])
    vectors = np.array([[0.0], [0.1], [5.0], [5.1]], np.float32)
    assert found_again(drives, stamps, vectors) == 1.0


def test_a_neighbour_in_time_is_no_answer():
    drives = np.array([0, 0, 1])
    stamps = np.array([0.0, 1.0, 0.0])
    vectors = np.array([[0.0], [0.1], [5.0]], np.float32)
    assert found_again(drives, stamps, vectors) == 0.0


def test_a_mean_is_taken_over_one_second():
    stamps = np.array([0.0, 0.4, 0.8, 5.0])
    vectors = np.array([[0.0], [1.0], [5.0], [7.0]], np.float32)
    assert averaged(stamps, vectors)[:, 0].tolist() == [0.5, 2.0, 3.0, 7.0]


def test_angles_forget_length():
    assert unit(np.array([[3.0, 4.0]]))[0].tolist() == pytest.approx([0.6, 0.8])
