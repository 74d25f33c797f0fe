"""When is a moment hazardous?  The stated definition, and the figures behind it.

**Hazardous**: if everybody went on exactly as now (same speed, same direction, so without any
reaction of ours), then within HORIZON_S the free distance to something in front of us, inside the
strip that our car sweeps plus SIDE_M on each side, would fall below GAP_M.

All in street coordinates, so that a strip follows the bends.  Bodies count as rectangles.  Time to
collision is that of Hayward 1972: gap over closing speed on the present course.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from road_clarity.training.simulator.bodies import Body

HORIZON_S = 3.0
GAP_M = 1.0
SIDE_M = 0.25


def within(offset: float, rate: float, reach: float) -> tuple[float, float]:
    """The time span [s] in which |offset + rate * t| < reach; empty spans end before they begin."""
    if abs(rate) < 1e-9:
        return (-math.inf, math.inf) if abs(offset) < reach else (math.inf, -math.inf)
    ends = ((-reach - offset) / rate, (reach - offset) / rate)
    return min(ends), max(ends)


def closer_than(ego: Body, other: Body, ahead_m: float, side_m: float) -> float:
    """When [s from now] the rectangles come closer than both distances; inf: never or behind."""
    if other.s <= ego.s:
        return math.inf
    across = within(
        other.d - ego.d,
        other.velocity[1] - ego.velocity[1],
        ego.reach[1] + other.reach[1] + side_m,
    )
    if across[1] <= max(across[0], 0.0):  # most stay aside
        return math.inf
    along = within(
        other.s - ego.s,
        other.velocity[0] - ego.velocity[0],
        ego.reach[0] + other.reach[0] + ahead_m,
    )
    start, end = max(along[0], across[0], 0.0), min(along[1], across[1])
    return start if start < end else math.inf


def is_hazardous(ego: Body, others: Iterable[Body]) -> bool:
    """The definition above."""
    return any(closer_than(ego, other, GAP_M, SIDE_M) <= HORIZON_S for other in others)


def time_to_collision_s(ego: Body, others: Iterable[Body]) -> float | None:
    """The earliest touch on the present courses [s]; None: there is none."""
    first = min((closer_than(ego, other, 0.0, 0.0) for other in others), default=math.inf)
    return None if math.isinf(first) else first


def gap_m(ego: Body, others: Iterable[Body]) -> float | None:
    """Free distance to the nearest body ahead inside our strip [m]; None: the strip is free."""
    gaps = [
        other.s - ego.s - ego.reach[0] - other.reach[0]
        for other in others
        if other.s > ego.s and abs(other.d - ego.d) < ego.reach[1] + other.reach[1] + SIDE_M
    ]
    return min(gaps, default=None)
