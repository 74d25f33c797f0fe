"""Conflict: how likely a road user and our car meet, if both go on as now.

A conflict is what the simulator calls hazardous (training/simulator/danger.py): within `horizon_s`
the free distance to something in the strip that the car sweeps falls below a gap.  Whether it does
is asked of POSSIBLE courses, drawn from what is known of place and speed together: whoever is
farther away than thought is faster than thought, too, and met at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.courses import LOG, TURNING, Course

HALF_WIDTH_M = {"person": 0.3, "vehicle": 0.9}
LENGTH_M = {"person": 0.5, "vehicle": 4.5}
# From the wheels, where the foot of a box is, to the end of the body
OVERHANG_M = {"person": 0.0, "vehicle": 0.8}
STOPS_S = 1.0  # a person in the strip who is reached sooner counts as one who stays there [s]
SLOWEST = 1e-3  # below that nobody moves [m/s]
POSSIBLE = 256
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Conflict:
    likely: float  # 0..1
    time_s: float  # until the gap is used up; of the courses that meet, or of the likeliest


def halton(count: int, base: int) -> list[float]:
    """Numbers that fill 0..1 evenly (Halton 1964)."""
    found = []
    for index in range(1, count + 1):
        value, part = 0.0, 1.0
        while index:
            part /= base
            value += part * (index % base)
            index //= base
        found.append(value)
    return found


# (4, POSSIBLE) standard normal; the same at every question: equal courses are equally likely
DRAWS = np.array(
    [[NormalDist().inv_cdf(one) for one in halton(POSSIBLE, base)] for base in (2, 3, 5, 7)]
)


def conflict(course: Course, label: str, config: SafetyConfig) -> Conflict:
    """Of one road user with our car."""
    gap = config.front_m + config.conflict_gap_m
    half = config.corridor_width_m / 2 + HALF_WIDTH_M[label]
    four = slice(LOG, TURNING + 1)
    drawn = course.mean[four, None] + rooted(course.spread[four, four]) @ DRAWS
    wheels = np.exp(drawn[0])
    aside, ahead_mps, aside_mps = drawn[1:] * wheels
    ahead = wheels - OVERHANG_M[label]
    reach_m = LENGTH_M[label] / 2 + gap  # its middle against the camera
    along = within(ahead + LENGTH_M[label] / 2, ahead_mps, reach_m)
    across = within(aside, aside_mps, half)
    starts = np.maximum(np.maximum(along[0], across[0]), 0.0)
    met = (starts < np.minimum(along[1], across[1])) & (starts <= config.conflict_horizon_s)
    if label == "person":  # who walks may stop at any step, and stay
        soon = np.maximum(along[0], 0.0)
        stays = (np.abs(aside) < half) & (along[1] > 0.0) & (soon < STOPS_S)
        met, starts = met | stays, np.where(stays & ~met, soon, starts)
    _, _, mean_mps, _ = course.metres
    alone_s = max((course.ahead - gap) / max(-float(mean_mps), 0.5), 0.0)
    time_s = float(np.median(starts[met])) if met.any() else alone_s
    return Conflict(float(met.mean()), time_s)


def within(offset: Values, rate: Values, reach: float) -> tuple[Values, Values]:
    """The time spans [s] in which |offset + rate * t| < reach."""
    rate = np.where(np.abs(rate) < SLOWEST, SLOWEST, rate)
    ends = (-reach - offset) / rate, (reach - offset) / rate
    return np.minimum(*ends), np.maximum(*ends)


def rooted(spread: Values) -> Values:
    """A matrix whose square is the covariance."""
    values, vectors = np.linalg.eigh(spread)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
