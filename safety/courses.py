"""On which course everybody is: position and speed on the ground, and how sure that is.

One Kalman filter (1960) per track and axis, with a speed that changes at random.  A track is not
waited for: before it has moved, what is known of its kind is believed, with its spread.  What
stands on the road comes closer with the speed of our car, so that is where people start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.ground_plane import Ground, Place
from road_clarity.safety.scene import Tracks

# (mean, spread) of the speed when somebody appears; the mean ahead is a share of the cruising speed
AHEAD_PRIOR = {"person": (-1.0, 3.0), "vehicle": (0.0, 6.0)}  # [cruises], [m/s]
ASIDE_PRIOR = {"person": 0.8, "vehicle": 0.3}  # [m/s]
AHEAD_CHANGE = {"person": 3.0, "vehicle": 4.0}  # how fast speeds change [m/s2]
ASIDE_CHANGE = {"person": 1.5, "vehicle": 0.4}
# [standard deviations] off, a box has jumped: whatever it holds now is somebody new.  Vehicles keep
# their course; people start and stop within a step
JUMP = {"person": 6.0, "vehicle": 3.0}
KEPT_S = 0.6  # a course is kept so long while its place cannot be told


@dataclass(frozen=True)
class Axis:
    """Place and speed along one axis, and their covariance (2, 2)."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def seen(cls, place: float, error: float, speed: float, speed_error: float) -> Axis:
        return cls(np.array([place, speed]), np.diag([error**2, speed_error**2]))

    def after(self, dt: float, change: float) -> Axis:
        """dt seconds later, when the speed changes by `change` [m/s2]."""
        step = np.array([[1.0, dt], [0.0, 1.0]])
        push = np.array([dt * dt / 2, dt]) * change
        # a change that lasts: its square grows with time as that of white noise over 0.5 s
        noise = np.outer(push, push) * (0.5 / max(dt, 1e-3))
        return Axis(step @ self.mean, step @ self.spread @ step.T + noise)

    def jumps(self, place: float, error: float, far: float) -> bool:
        """Whether this place is too far off to be on the course."""
        off = place - self.mean[0]
        return bool(off * off > far**2 * (self.spread[0, 0] + error**2))

    def corrected(self, place: float, error: float) -> Axis:
        gain = self.spread[:, 0] / (self.spread[0, 0] + error**2)
        moved = self.mean + gain * (place - self.mean[0])
        return Axis(moved, self.spread - np.outer(gain, self.spread[0]))

    def within(self, low: float, high: float, time_s: float) -> float:
        """How likely it is between two places `time_s` from now."""
        mean = self.mean[0] + self.mean[1] * time_s
        way = np.array([1.0, time_s])
        deviation = math.sqrt(max(float(way @ self.spread @ way), 1e-9))
        return normal((high - mean) / deviation) - normal((low - mean) / deviation)


@dataclass(frozen=True)
class Course:
    """Of one track: ahead and aside (to the right of our path)."""

    stamp_ns: int
    ahead: Axis
    aside: Axis


class Courses:
    """The course of every track; a time jump forgets all."""

    def __init__(self, config: SafetyConfig) -> None:
        self._config = config
        self._courses: dict[int, Course] = {}
        self._stamp_ns: int | None = None

    def see(self, tracks: Tracks, ground: Ground) -> dict[int, Course]:
        """Take in a frame's boxes; the courses by track id."""
        if self._stamp_ns is not None and tracks.stamp_ns < self._stamp_ns:
            self._courses = {}
        self._stamp_ns = tracks.stamp_ns
        found: dict[int, Course] = {}
        for track in tracks.tracks:
            place, last = ground.place(track), self._courses.get(track.id)
            if place is not None:
                found[track.id] = self._updated(track.label, place, last, tracks.stamp_ns)
            elif (
                last
                and ground.leads_to(track.box)
                and (tracks.stamp_ns - last.stamp_ns) * 1e-9 < KEPT_S
            ):
                found[track.id] = last
        self._courses = found
        return found

    def _updated(self, label: str, place: Place, last: Course | None, stamp_ns: int) -> Course:
        if last is not None:
            dt = (stamp_ns - last.stamp_ns) * 1e-9
            ahead = last.ahead.after(dt, AHEAD_CHANGE[label])
            aside = last.aside.after(dt, ASIDE_CHANGE[label])
            far = JUMP[label]
            if not (
                ahead.jumps(place.ahead, place.ahead_error, far)
                or aside.jumps(place.aside, place.aside_error, far)
            ):
                return Course(
                    stamp_ns,
                    ahead.corrected(place.ahead, place.ahead_error),
                    aside.corrected(place.aside, place.aside_error),
                )
        share, spread = AHEAD_PRIOR[label]
        speed = share * self._config.cruise_mps
        return Course(
            stamp_ns,
            Axis.seen(place.ahead, place.ahead_error, speed, spread),
            Axis.seen(place.aside, place.aside_error, 0.0, ASIDE_PRIOR[label]),
        )


def normal(x: float) -> float:
    """The share of a normal distribution below x."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
