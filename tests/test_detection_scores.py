"""AUROC, AP and FPR95 of made scores, worked out by hand."""

import math

import numpy as np
import pytest

from road_clarity.evaluation.detection_scores import detection_scores


def scores(calm, strange):
    return detection_scores(np.array(calm, float), np.array(strange, float))


def test_scores_that_part_calm_from_strange_are_perfect():
    assert scores([0.1, 0.2], [0.3, 0.9]) == {"auroc": 1.0, "ap": 1.0, "fpr95": 0.0}


def test_scores_that_say_the_opposite_are_worthless():
    found = scores([3.0, 4.0], [1.0, 2.0])
    assert (found["auroc"], found["fpr95"]) == (0.0, 1.0)
    # recall rises by 1/2 at precision 1/3 and by 1/2 at 2/4
    assert found["ap"] == pytest.approx(0.5 / 3 + 0.5 / 2)


def test_a_tie_counts_half():
    assert scores([1.0], [1.0])["auroc"] == 0.5


def test_three_of_four_pairs_in_order_are_three_quarters():
    found = scores([1.0, 3.0], [2.0, 4.0])
    assert found["auroc"] == 0.75
    assert found["ap"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found["fpr95"] == 0.5  # the threshold 2 lets the calm 3 through


def test_one_missed_in_twenty_is_still_95_percent_recall():
    strange = [0.0] + [2.0] * 19
    assert scores([1.0] * 10, strange)["fpr95"] == 0.0


def test_a_score_that_nobody_can_read_counts_as_strangest():
    assert scores([1.0], [math.nan])["auroc"] == 1.0


def test_without_anything_strange_nothing_is_said():
    assert scores([1.0], []) == {"auroc": None, "ap": None, "fpr95": None}
