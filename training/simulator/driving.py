"""How vehicles move: drivers keep their distance.  (People: walking.py.)

Drivers follow the intelligent driver model (Treiber, Hennecke, Helbing 2000,
arXiv:cond-mat/0002177, equations 3 and 4).  One object per road user; it may remember what it saw.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from road_clarity.training.simulator.bodies import Body, Moment
from road_clarity.training.simulator.danger import within

LIVELY = 1.6  # [m/s2] acceleration of a car that is in no hurry
GENTLE = 2.2  # [m/s2] braking that nobody minds
STANDSTILL_M = 2.5
SIGHT_M = 120.0
ASIDE_M = 8.0  # nobody from further aside gets into our strip in time
HEADWAY_S = 1.3
STEEPEST = 0.3  # sideways per forward metre, when changing lanes
Keys = tuple[tuple[float, float], ...]  # (time [s], value), values change smoothly between them


class Behaviour(Protocol):
    """What moves a body."""

    def step(self, me: Body, moment: Moment, dt: float) -> Body:
        """The body `dt` seconds later."""


class Parked:
    """Stays where it is."""

    def step(self, me: Body, moment: Moment, dt: float) -> Body:
        return me


@dataclass
class Driver:
    """Keeps to a lane and off whoever is ahead.

    cruise, course: wanted speed [m/s] and d [m] over time.  foresight_s: how far ahead in time it
    sees that somebody will cross its strip.  reaction_s: until it does something about a surprise.
    """

    cruise: Keys
    course: Keys
    foresight_s: float = 2.5
    reaction_s: float = 0.0
    hardest: float = 8.0  # [m/s2]
    seen_s: float = 0.0

    def step(self, me: Body, moment: Moment, dt: float) -> Body:
        acceleration = self._acceleration(me, moment, dt)
        speed = max(me.speed + acceleration * dt, 0.0)
        way = (me.speed + speed) / 2 * dt
        forwards = 1.0 if abs(me.heading) < math.pi / 2 else -1.0
        missing = between(self.course, moment.time_s + dt) - me.d
        d = me.d + max(-STEEPEST * way, min(missing, STEEPEST * way))
        turn = math.atan2(d - me.d, way) if way > 0 else 0.0
        return replace(
            me,
            s=me.s + forwards * way,
            d=d,
            heading=turn if forwards > 0 else math.pi - turn,
            speed=speed,
            acceleration=acceleration,
            travelled=me.travelled + way,
        )

    def _acceleration(self, me: Body, moment: Moment, dt: float) -> float:
        wanted = between(self.cruise, moment.time_s)
        free = car_following(me.speed, wanted, math.inf, 0.0)
        gap, closing = nearest_ahead(me, (moment.ego, *moment.others), self.foresight_s)
        self.seen_s = self.seen_s + dt if gap < 60.0 else 0.0
        if self.seen_s < self.reaction_s:
            return max(free, -self.hardest)
        return max(car_following(me.speed, wanted, gap, closing), -self.hardest)


def car_following(speed: float, wanted: float, gap: float, closing: float) -> float:
    """Acceleration of the intelligent driver model [m/s2]."""
    dynamic = speed * HEADWAY_S + speed * closing / (2 * math.sqrt(LIVELY * GENTLE))
    desired = STANDSTILL_M + max(dynamic, 0.0)
    crowding = desired / max(gap, 0.1)
    return LIVELY * (1 - (speed / max(wanted, 0.1)) ** 4 - crowding**2)


def nearest_ahead(me: Body, bodies: Sequence[Body], foresight_s: float) -> tuple[float, float]:
    """(gap [m], closing speed [m/s]) to the first body that is in my strip, or will soon be."""
    forwards = 1.0 if abs(me.heading) < math.pi / 2 else -1.0
    nearest = (math.inf, 0.0)
    for other in bodies:
        ahead = (other.s - me.s) * forwards
        if not 0 < ahead < SIGHT_M or abs(other.d - me.d) > ASIDE_M:
            continue
        reach = me.reach[1] + other.reach[1] + 0.2
        start, end = within(other.d - me.d, other.velocity[1], reach)
        if start <= (foresight_s if other.label == "person" else 0.5) and end > 0:
            gap = ahead - me.reach[0] - other.reach[0]
            if gap < nearest[0]:
                nearest = gap, me.speed - forwards * other.velocity[0]
    return nearest


def between(keys: Keys, time_s: float) -> float:
    """The value at a time; it eases from one key to the next, without a jolt."""
    after = bisect_right(keys, (time_s, math.inf))
    if after == 0 or after == len(keys):
        return keys[min(after, len(keys) - 1)][1]
    (t0, v0), (t1, v1) = keys[after - 1], keys[after]
    share = (time_s - t0) / (t1 - t0)
    return v0 + (v1 - v0) * share * share * (3 - 2 * share)
