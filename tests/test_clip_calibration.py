"""The maximum of every nominal clip bounds alarms; the threshold is a quantile of those maxima."""

import math

import numpy as np
import pytest

from road_clarity.models.errors import BadInput
from road_clarity.safety.clip_calibration import (
    ALL,
    LEAST_POINTS,
    Clip,
    bin_for,
    checked,
    least_alpha,
    p_value,
    threshold,
)

NINETEEN = [i / 10 for i in range(1, 20)]  # maxima 0.1 .. 1.9


def clips(maxima, condition="day"):
    return [Clip(f"{condition} {i}", condition, f"{condition}{i}", m) for i, m in enumerate(maxima)]


def test_a_p_value_counts_the_clips_that_go_as_high_and_the_one_that_asks():
    assert p_value([0.1, 0.2, 0.3], 0.2) == 0.75
    assert p_value([0.1, 0.2, 0.3], 0.9) == 0.25
    assert p_value([0.1, 0.2, 0.3], 0.0) == 1.0


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_nobody_can_read_is_as_rare_as_can_be(score):
    assert p_value([0.1, 0.2, 0.3], score) == 0.25


def test_nineteen_clips_promise_five_percent_and_no_less():
    assert least_alpha(NINETEEN) == 0.05
    assert threshold(NINETEEN, 0.05) == 1.900001  # above all of them
    with pytest.raises(BadInput, match="alpha 0.04: 19 clips can promise 0.05 at the least"):
        threshold(NINETEEN, 0.04)


@pytest.mark.claim("rate")
def test_what_reaches_the_threshold_has_a_p_value_of_at_most_alpha():
    for alpha in (0.05, 0.1, 0.13, 0.5, 0.95):
        least = threshold(NINETEEN, alpha)
        assert p_value(NINETEEN, least) <= alpha + 1e-12
        assert p_value(NINETEEN, least - 2e-6) > alpha or least == LEAST_POINTS


def test_a_score_beyond_one_is_told_apart():
    assert threshold([1.0] * 18 + [1.4], 0.1) == 1.000001


def test_calm_clips_do_not_make_a_whisper_an_alarm():
    assert threshold([0.0] * 40, 0.05) == LEAST_POINTS


@pytest.mark.claim("rate")
def test_clips_with_faults_are_flagged_in_any_case_so_they_use_up_alpha():
    one_fault = [*NINETEEN, math.inf]
    assert least_alpha(one_fault) == 2 / 21
    assert threshold(one_fault, 0.1) == 1.900001
    with pytest.raises(BadInput, match="20 clips, 1 of them with faults, can promise 0.0952"):
        threshold(one_fault, 0.05)


def test_one_clip_promises_half():
    assert threshold([0.4], 0.5) == 0.400001
    with pytest.raises(BadInput, match="1 clips can promise 0.5"):
        threshold([0.4], 0.05)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, math.nan, math.inf])
def test_an_alpha_that_is_no_share_is_refused(alpha):
    with pytest.raises(BadInput, match="must be a share of clips"):
        threshold(NINETEEN, alpha)


def test_no_clips_the_same_clip_twice_and_nan_are_refused():
    with pytest.raises(BadInput, match="clips 0"):
        checked([])
    with pytest.raises(BadInput, match="clip b: is the same as a"):
        checked([Clip("a", "", "f00", 0.1), Clip("b", "", "f00", 0.2)])
    for bad in (math.nan, -0.1):
        with pytest.raises(BadInput, match="which is no score"):
            checked([Clip("a", "", "f00", bad)])


def test_every_condition_has_a_threshold_of_its_own():
    both = clips(NINETEEN) + clips([one + 1 for one in NINETEEN], "night")
    assert bin_for(both, "night", 0.05).threshold == 2.900001
    assert bin_for(both, "day", 0.05).threshold == 1.900001
    assert bin_for(both, "", 0.05).condition == ALL


def test_a_condition_with_too_few_clips_falls_back_to_all_and_says_so():
    bin = bin_for(clips(NINETEEN) + clips([0.5], "rain"), "rain", 0.05)
    assert (bin.condition, len(bin.maxima)) == (ALL, 20)
    assert bin.note == "1 clips of rain are too few for 0.05: all 20 count"


def drives(chance, count, frames=900, rho=0.98):
    """(count, frames) scores of clips whose frames resemble each other, each on its own level."""
    noise = chance.normal(size=(count, frames)) * math.sqrt(1 - rho**2)
    noise[:, 0] = chance.normal(size=count)
    for i in range(1, frames):
        noise[:, i] += rho * noise[:, i - 1]
    return noise + chance.normal(size=(count, 1))


@pytest.mark.claim("rate")
def test_of_clips_like_the_calibration_clips_at_most_alpha_are_flagged():
    """400 times 60 calibration clips and 50 others; what a frame-wise threshold would do, too."""
    chance, flagged, by_frames, repetitions = np.random.default_rng(7), 0, 0, 400
    for _ in range(repetitions):
        scores = np.maximum(drives(chance, 110, frames=60) + 10.0, 0.0)
        calibration, others = scores[:60], scores[60:]
        flags_from = threshold(calibration.max(1).tolist(), 0.05)
        flagged += int((others.max(1) >= flags_from).sum())
        by_frames += int((others.max(1) >= np.quantile(calibration, 0.95)).sum())
    clips = 50 * repetitions
    # 3/61 is what 60 clips can give; repetitions vary as Beta(3, 58) does: deviation 0.027 each
    deviation = math.sqrt(0.0275**2 / repetitions + 0.05 * 0.95 / clips)
    assert abs(flagged / clips - 3 / 61) < 3 * deviation
    assert flagged / clips <= 0.05 + 3 * deviation
    assert by_frames / clips > 0.1
