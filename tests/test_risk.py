"""Causes add up to a score, and the shares of the reasons are the score."""

import math

import pytest

from road_clarity.safety.risk import Cause, combine, ramp


def cause(code: str, points: float) -> Cause:
    return Cause(code, points, None, code)


def test_a_scene_without_causes_is_calm():
    assert combine([cause("lane.lost", 0.0)]) == (0.0, ())


@pytest.mark.claim("additive")
def test_small_causes_add_up():
    score, reasons = combine([cause("a", 0.125), cause("b", 0.25)])
    assert score == 0.375
    assert [(r.code, r.share) for r in reasons] == [("b", 0.25), ("a", 0.125)]


@pytest.mark.claim("additive")
def test_more_than_enough_is_shared_out_of_one():
    score, reasons = combine([cause("a", 1.0), cause("b", 1.0), cause("c", 2.0)])
    assert score == 1.0
    assert [r.share for r in reasons] == pytest.approx([1 / 3, 1 / 3, 1 / 3])


@pytest.mark.claim("nonsense")
def test_a_cause_nobody_can_read_counts_in_full():
    score, reasons = combine([cause("a", math.nan)])
    assert (score, reasons[0].share) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("value", "expected"), [(5.0, 0.0), (4.0, 0.0), (2.75, 0.5), (1.5, 1.0), (0.0, 1.0)]
)
def test_a_ramp_may_run_downwards(value, expected):
    assert ramp(value, start=4.0, full=1.5) == expected
