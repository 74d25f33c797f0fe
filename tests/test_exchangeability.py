"""The exchangeability test stays low on clips like the calibration clips, and rises on others."""

import math

import numpy as np
import pytest

from road_clarity.safety.exchangeability import SIGNIFICANCE, Exchangeability


def test_it_begins_with_one_and_has_seen_nothing():
    test = Exchangeability([0.1, 0.2], seed=1)
    assert (test.value, test.clips, test.refuted) == (1.0, 0, False)


def test_one_clip_beyond_all_others_multiplies_the_bet_on_small_p_values():
    test = Exchangeability([0.0] * 99, seed=1)
    lot = np.random.default_rng(1).random()
    p = lot / 100  # alone above all
    assert test.see(5.0) == pytest.approx((1 - (p - 0.5) + 1 + 1 + (p - 0.5)) / 3)


@pytest.mark.claim("withdrawn")
def test_few_of_many_exchangeable_drives_are_refuted():
    chance, refuted = np.random.default_rng(3), 0
    for seed in range(300):
        maxima = chance.exponential(size=160)
        test = Exchangeability(maxima[:60], seed)
        for one in maxima[60:]:
            test.see(one)
        refuted += test.refuted
    assert refuted <= 300 * SIGNIFICANCE + 3 * math.sqrt(300 * SIGNIFICANCE)


def test_equal_scores_refute_nothing():
    test = Exchangeability([0.0] * 50, seed=5)
    for _ in range(500):
        test.see(0.0)
    assert not test.refuted


@pytest.mark.claim("withdrawn")
@pytest.mark.parametrize("score", [5.0, math.inf])
def test_drives_that_go_higher_than_the_calibration_are_refuted_soon(score):
    test = Exchangeability(np.linspace(0.0, 1.0, 60), seed=2)
    values = [test.see(score) for _ in range(60)]
    assert values[-1] > 1 / SIGNIFICANCE
    assert test.refuted


def test_so_are_drives_that_are_much_calmer():
    test = Exchangeability(np.linspace(0.5, 1.0, 60), seed=2)
    for _ in range(60):
        test.see(0.1)
    assert test.refuted


def test_what_was_refuted_stays_refuted_until_another_calibration():
    test = Exchangeability(np.linspace(0.0, 1.0, 60), seed=2)
    for _ in range(60):
        test.see(9.0)
    for _ in range(300):
        test.see(0.5)
    assert test.value < test.peak
    assert test.refuted
    assert not Exchangeability([*np.linspace(0.0, 1.0, 60), *[9.0] * 60], seed=2).refuted


def test_the_same_drive_gives_the_same_value():
    one, other = (Exchangeability([0.1, 0.1, 0.3], seed=9) for _ in range(2))
    assert [one.see(0.1) for _ in range(5)] == [other.see(0.1) for _ in range(5)]
