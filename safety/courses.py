"""On which course everybody is: place and speed on the ground, and how sure that is.

One Kalman filter per track in modified polar coordinates (Aidala and Hammel 1983): log of distance,
bearing, and both speeds over distance.  In these every look is linear, and what one camera tells
badly, the scale, is kept apart from what it tells well: a distance that is 20 % too long is so in
every frame, and so is the speed, but not the time until the two are met.  What stays the same, the
size of this person and the error of the horizon, is part of the state.

A track is not waited for: before it has moved, what is known of its kind is believed, with its
spread.  What stands on the road comes closer with the speed of our car, so that is where people
start.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.ground_plane import SIZE_SPREAD, Ground, View
from road_clarity.safety.hiding import hidden
from road_clarity.safety.scene import Track, Tracks

# log of distance [m]; aside (to the right of our path) over distance; the speeds ahead and aside
# over distance [1/s]; log of size over usual size; error of the horizon [px]
LOG, BEARING, CLOSING, TURNING, SIZE, HORIZON = range(6)
# (mean, spread) of the speed when somebody appears; the mean ahead is a share of the cruising speed
AHEAD_PRIOR = {"person": (-1.0, 3.0), "vehicle": (-0.7, 8.0)}  # [cruises], [m/s]
ASIDE_PRIOR = {"person": 0.8, "vehicle": 0.2}  # [m/s]
# Towards our path and its spread, of people by what they stand on [m/s]
FOOTING_PRIOR = {"road": (1.0, 1.0), "pavement": (0.0, 0.5)}
AHEAD_CHANGE = {"person": 3.0, "vehicle": 6.0}  # how fast speeds change [m/s2]
ASIDE_CHANGE = {"person": 1.5, "vehicle": 0.3}
LASTS_S = 0.5  # for how long such a change goes on
HORIZON_SPREAD, NODS_S = 0.008, 3.0  # [image heights], and how long such an error lasts [s]
# How long what was seen of a size lasts: boxes hop from car to car in a row of parked ones [s]
SIZE_LASTS_S = {"person": 20.0, "vehicle": 1.5}
FIRST_SPREAD = 0.6  # of a distance of which nothing is known yet, relative
# [standard deviations] off, a box has jumped: whatever it holds now is somebody new.  Vehicles keep
# their course; people start and stop within a step
JUMP = {"person": 6.0, "vehicle": 4.0}
# [standard deviations] a look farther off moves the course no more than one so far off (Huber 1964)
BELIEVED = 2.5
KEPT_S = 0.6  # a course is kept so long while its place cannot be told
NOWHERE: Mapping[int, str | None] = MappingProxyType({})
Row = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """Of one track."""

    stamp_ns: int
    mean: Row  # (6,)
    spread: NDArray[np.float64]  # (6, 6) covariance

    @classmethod
    def known(cls, ahead: float, aside: float, ahead_mps: float, aside_mps: float,
              errors: tuple[float, float, float, float], stamp_ns: int = 0) -> Course:  # fmt: skip
        """Of somebody whose place [m] and speed [m/s] are known with such errors."""
        mean = np.array(
            [math.log(ahead), *(np.array([aside, ahead_mps, aside_mps]) / ahead), 0.0, 0.0]
        )
        slope = np.zeros((6, 4))
        slope[:4] = np.eye(4) / ahead
        slope[1:4, 0] = -mean[1:4] / ahead
        return cls(stamp_ns, mean, slope @ np.diag(np.square(errors)) @ slope.T)

    @property
    def ahead(self) -> float:
        return math.exp(self.mean[LOG])

    @property
    def metres(self) -> Row:
        """(4,) ahead and aside [m], and both speeds [m/s]."""
        return np.array([1.0, *self.mean[BEARING:SIZE]]) * self.ahead

    @property
    def errors(self) -> Row:
        """(4,) the standard errors of these."""
        slope = np.eye(4) * self.ahead
        slope[:, LOG] = self.metres
        return np.asarray(np.sqrt(np.diag(slope @ self.spread[:SIZE, :SIZE] @ slope.T)))

    def after(self, stamp_ns: int, label: str, height: int) -> Course:
        """As it goes on until then; height of the image [px]."""
        dt = (stamp_ns - self.stamp_ns) * 1e-9
        mean = self.mean.copy()
        grows = max(1.0 + mean[CLOSING] * dt, 0.2)  # of the distance
        mean[LOG] += math.log(grows)
        mean[BEARING] = (mean[BEARING] + mean[TURNING] * dt) / grows
        mean[CLOSING] /= grows
        mean[TURNING] /= grows
        step = np.eye(6)
        step[LOG, CLOSING] = dt / grows
        step[BEARING, BEARING] = step[TURNING, TURNING] = 1 / grows
        step[BEARING, TURNING] = dt / grows
        step[BEARING, CLOSING] = -mean[BEARING] * dt / grows
        step[CLOSING, CLOSING] = 1 / grows**2
        step[TURNING, CLOSING] = -mean[TURNING] * dt / grows
        noise = np.zeros((6, 6))
        for place, change in ((LOG, AHEAD_CHANGE[label]), (BEARING, ASIDE_CHANGE[label])):
            # white noise whose square over LASTS_S is that of a lasting change
            pair = np.ix_((place, place + 2), (place, place + 2))
            push = np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
            noise[pair] = (change / math.exp(mean[LOG])) ** 2 * LASTS_S * push
        stays = math.exp(-dt / NODS_S)
        mean[HORIZON] *= stays
        step[HORIZON, HORIZON] = stays
        noise[HORIZON, HORIZON] = (HORIZON_SPREAD * height) ** 2 * (1 - stays**2)
        stays = math.exp(-dt / SIZE_LASTS_S[label])
        mean[SIZE] *= stays
        step[SIZE, SIZE] = stays
        noise[SIZE, SIZE] = SIZE_SPREAD[label] ** 2 * (1 - stays**2)
        return Course(stamp_ns, mean, step @ self.spread @ step.T + noise)

    def seen(self, view: View, first: bool = False) -> tuple[Course, float]:
        """After one look, and how far off it was at most [standard deviations]."""
        mean, spread, farthest = self.mean, self.spread, 0.0
        for value, error, slope in looks(view)[0 if first or view.stands else 2 :]:
            along = spread @ slope
            doubt = float(slope @ along) + error**2
            off = value - float(slope @ mean)
            far = abs(off) / math.sqrt(doubt)
            farthest = max(farthest, far)
            doubt *= max(far / BELIEVED, 1.0)
            mean = mean + along / doubt * off
            spread = spread - np.outer(along, along) / doubt
        return Course(self.stamp_ns, mean, (spread + spread.T) / 2), farthest


def looks(view: View) -> list[tuple[float, float, Row]]:
    """(what was measured, its error, the slope that makes it of the state) of each kind."""
    foot = np.array([-1, 0, 0, 0, 0, 1 / view.below])
    size = np.array([-1.0, 0, 0, 0, 1, 0])
    column = np.array([0.0, view.focal_px, 0, 0, 0, 0])
    return [
        (view.by_foot, view.foot_error, foot),
        (view.by_size, view.size_error, size),
        (view.column, view.column_error, column),
    ]


class Courses:
    """The course of every track; a time jump forgets all."""

    def __init__(self, config: SafetyConfig) -> None:
        self._config = config
        self._courses: dict[int, Course] = {}
        self._stamp_ns: int | None = None

    def see(
        self, tracks: Tracks, ground: Ground, footing: Mapping[int, str | None] = NOWHERE
    ) -> dict[int, Course]:
        """Take in a frame's boxes; the courses by track id.

        footing: what each person stands on, as footing.stands_on tells it"""
        self._footing = footing
        if self._stamp_ns is not None and tracks.stamp_ns < self._stamp_ns:
            self._courses = {}
        self._stamp_ns = tracks.stamp_ns
        found: dict[int, Course] = {}
        for track in tracks.tracks:
            last = self._courses.get(track.id)
            view = ground.view(track, hidden(track, tracks.tracks, ground.size))
            if view is not None:
                course = self._updated(track, view, last, tracks.stamp_ns, ground)
                if course is not None:
                    found[track.id] = course
            elif (
                last
                and ground.leads_to(track.box)
                and (tracks.stamp_ns - last.stamp_ns) * 1e-9 < KEPT_S
            ):
                found[track.id] = last
        self._courses = found
        return found

    def closing(self) -> dict[int, float]:
        """How fast the distance of each grows, over the distance [1/s]."""
        return {number: float(one.mean[CLOSING]) for number, one in self._courses.items()}

    def _updated(
        self, track: Track, view: View, last: Course | None, stamp_ns: int, ground: Ground
    ) -> Course | None:
        if last is not None:
            course, off = last.after(stamp_ns, track.label, ground.size[1]).seen(view)
            if off < JUMP[track.label]:
                return course
        if track.label == "vehicle" and not view.stands:
            return None  # what hides its foot is met before it, and tells its place better
        return self._first(track, stamp_ns, view, ground)

    def _first(self, track: Track, stamp_ns: int, view: View, ground: Ground) -> Course:
        label = track.label
        share, spread = AHEAD_PRIOR[label]
        if label == "vehicle" and ground.leads_to(track.box):
            share = 0.0  # who is in our lane mostly drives as we do
        ahead = view.ahead
        far = FIRST_SPREAD * ahead
        aside = view.column * ahead / view.focal_px
        inwards, aside_spread = 0.0, ASIDE_PRIOR[label]
        if label == "person":
            known = self._footing.get(track.id)
            inwards, aside_spread = FOOTING_PRIOR.get(known or "", (inwards, aside_spread))
        course = Course.known(
            ahead, aside, share * self._config.cruise_mps, -math.copysign(inwards, aside),
            (far, far, spread, aside_spread), stamp_ns,
        )  # fmt: skip
        course.spread[SIZE, SIZE] = SIZE_SPREAD[label] ** 2
        course.spread[HORIZON, HORIZON] = (HORIZON_SPREAD * ground.size[1]) ** 2
        return course.seen(view, first=True)[0]
