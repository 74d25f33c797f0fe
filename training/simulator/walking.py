"""How people walk: a pace that ebbs, a sway, a turn of the body; and where they stop and wait.

The figures below sum up real walks (medians over people, and the spread between people);
`python -m road_clarity.training.simulator.walking_figures` computes them from the recordings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from road_clarity.training.simulator.bodies import Body, Moment

PACE_MPS, PACE_SPREAD_MPS = 1.37, 0.32  # ETH/UCY, where there is room to walk
EBB_MPS, EBB_S = 0.116, 3.8  # standard deviation of the speed along the way, and its period
SWAY_M, SWAY_WAVE_M = 0.062, 4.2  # standard deviation across the way, and its wavelength
LOOKS, STANDS = 0.73, 0.33  # JAAD: share who look, and who stand, before they cross
WAIT_S, WAIT_LOG_SPREAD = 2.1, 0.68  # how long these stand (log-normal)
FALTERS = 0.12  # share who stop on their way and go on

SETTING_OFF, SLOWING = 1.6, 1.4  # [m/s2]
TURNING = 5.0  # [rad/s] of the body
FACING = 0.3  # [rad] whoever stands does not turn for less
STANDS_MPS, STANDS_M = 0.3, 20.0  # a car slower than this and this near waits for people
Place = tuple[float, float]  # (s, d)


@dataclass(frozen=True)
class Wave:
    """A sine: its height, its length [s or m], where it begins [rad]."""

    height: float
    length: float
    phase: float

    def __call__(self, place: float) -> float:
        return self.height * math.sin(2 * math.pi * place / self.length + self.phase)


@dataclass(frozen=True)
class Style:
    """The manner of one person.  With a pace alone: an even march that turns on the spot."""

    pace: float  # [m/s]
    ebb: tuple[Wave, ...] = ()  # of the pace, over time [s]
    sway: tuple[Wave, ...] = ()  # to the left, over the way gone [m]
    setting_off: float = math.inf  # [m/s2]
    slowing: float = math.inf  # [m/s2]
    turning: float = math.inf  # [rad/s]

    def pace_at(self, time_s: float) -> float:
        return max(self.pace + sum(wave(time_s) for wave in self.ebb), 0.4 * self.pace)

    def aside(self, travelled: float) -> float:
        """How far left of the way [m], after so many metres."""
        return sum(wave(travelled) - wave(0.0) for wave in self.sway)


def march(rng: np.random.Generator) -> Style:
    """An even pace and nothing else."""
    return Style(float(rng.uniform(1.0, 1.7)))


def lifelike(rng: np.random.Generator, pace: float | None = None) -> Style:
    """A manner such as the recorded people have; of that pace [m/s], if one is given."""
    own = float(np.clip(rng.normal(PACE_MPS, PACE_SPREAD_MPS), 0.7, 2.3))
    return Style(
        own if pace is None else pace, waves(rng, EBB_MPS, EBB_S), waves(rng, SWAY_M, SWAY_WAVE_M),
        SETTING_OFF, SLOWING, TURNING,
    )  # fmt: skip


def waves(rng: np.random.Generator, spread: float, length: float) -> tuple[Wave, ...]:
    """Two sines about one length whose sum has that standard deviation."""
    return tuple(
        Wave(spread, length * float(rng.uniform(low, low + 0.5)), float(rng.uniform(0, math.tau)))
        for low in (0.6, 1.0)
    )


def wait_s(rng: np.random.Generator) -> float:
    """How long somebody stands before crossing; most do not."""
    pause = float(np.clip(rng.lognormal(math.log(WAIT_S), WAIT_LOG_SPREAD), 0.5, 6.0))
    return pause if rng.random() < STANDS else 0.0


@dataclass(frozen=True)
class Hold:
    """A stop before a leg of the path: at least so long, and until our car is that near.

    until_ego_s: how far away our car is when it ends [s]; below 0: our car passed so long ago.
    A car that stands and waits ends it, too."""

    pause_s: float = 0.0
    until_ego_s: float = math.inf

    def lasts(self, held_s: float, me: Body, ego: Body) -> bool:
        """Whether somebody who has stood for `held_s` stands on."""
        ahead = me.s - ego.s - ego.reach[0]
        car_waits = ego.speed < STANDS_MPS and 0 < ahead < STANDS_M
        too_far = ahead > self.until_ego_s * max(ego.speed, 0.5) and not car_waits
        return held_s < self.pause_s or too_far


@dataclass
class Walker:
    """Follows a path; `holds` says before which of its legs to stop."""

    path: tuple[Place, ...]
    style: Style
    holds: dict[int, Hold] = field(default_factory=dict)
    leg: int = 0
    held_s: float = 0.0
    place: Place | None = None  # on the path; the body sways about it

    def step(self, me: Body, moment: Moment, dt: float) -> Body:
        if self.leg + 1 >= len(self.path):
            return replace(me, speed=0.0)
        here, target = self.place or (me.s, me.d), self.path[self.leg + 1]
        course = math.atan2(target[1] - here[1], target[0] - here[0])
        if self._stands(self.leg, me, moment):
            self.held_s += dt
            far = abs(math.remainder(course - me.heading, math.tau)) > FACING
            return replace(
                me, speed=0.0, heading=self._turned(me.heading, course, dt) if far else me.heading
            )
        # Who has set off does not stop because our car does.
        self.holds.pop(self.leg, None)
        return self._walk(me, here, course, moment, dt)

    def _walk(self, me: Body, here: Place, course: float, moment: Moment, dt: float) -> Body:
        target = self.path[self.leg + 1]
        left = math.hypot(target[0] - here[0], target[1] - here[1])
        speed = min(self.style.pace_at(moment.time_s), me.speed + self.style.setting_off * dt)
        stops = self.leg + 2 == len(self.path) or self._stands(self.leg + 1, me, moment)
        if stops:
            speed = min(speed, math.sqrt(2 * self.style.slowing * left) + 0.05)
        way = speed * dt
        if left <= way:
            self.leg, self.held_s, self.place = self.leg + 1, 0.0, target
            heading, travelled = me.heading, me.travelled
        else:
            self.place = here[0] + way * math.cos(course), here[1] + way * math.sin(course)
            heading, travelled = self._turned(me.heading, course, dt), me.travelled + way
            me = replace(me, speed=speed)
        aside = self.style.aside(travelled)
        return replace(
            me,
            s=self.place[0] - aside * math.sin(heading),
            d=self.place[1] + aside * math.cos(heading),
            heading=heading,
            travelled=travelled,
        )

    def _stands(self, leg: int, me: Body, moment: Moment) -> bool:
        held_s = self.held_s if leg == self.leg else 0.0
        return leg in self.holds and self.holds[leg].lasts(held_s, me, moment.ego)

    def _turned(self, heading: float, course: float, dt: float) -> float:
        """The body turned towards its course, the short way round."""
        missing = math.remainder(course - heading, math.tau)
        if abs(missing) <= self.style.turning * dt:
            return course
        return heading + math.copysign(self.style.turning * dt, missing)
