"""Conflict: how likely a road user and our car meet, if both go on as now.

A conflict is what the simulator calls hazardous (training/simulator/danger.py): within `horizon_s`
the free distance to something in the strip that the car sweeps falls below a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.courses import Course, normal

HALF_WIDTH_M = {"person": 0.3, "vehicle": 0.9}
STOPS_S = 1.5  # a person in the strip who is reached sooner counts as one who stays there [s]
SLOWEST = 0.5  # closing speed below which nothing is reached [m/s]


@dataclass(frozen=True)
class Conflict:
    likely: float  # 0..1
    time_s: float  # until the gap is used up


def conflict(course: Course, label: str, config: SafetyConfig) -> Conflict:
    """Of one road user with our car."""
    horizon, gap = config.conflict_horizon_s, config.front_m + config.conflict_gap_m
    ahead, aside = course.ahead, course.aside
    way = np.array([1.0, horizon])
    deviation = float(way @ ahead.spread @ way) ** 0.5
    reached = normal((gap - float(way @ ahead.mean)) / max(deviation, 1e-3))
    speed = max(-float(ahead.mean[1]), SLOWEST)
    time_s = max(float(ahead.mean[0]) - gap, 0.0) / speed
    half = config.corridor_width_m / 2 + HALF_WIDTH_M[label]
    inside, inside_now = (aside.within(-half, half, at) for at in (min(time_s, horizon), 0.0))
    if label == "person" and time_s < STOPS_S:  # who walks may stop at any step, and stay
        inside = max(inside, inside_now)
    return Conflict(reached * inside, time_s)
