"""A street as a plan: where its lanes, lines, kerbs and crossings are.

Street coordinates: s along the street, d to the left of the line that parts the two directions
(of the left edge, in a one-way street), both in metres.  World coordinates: x, y, z up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

LANE_M = 3.5
PARKING_M = 2.3
EDGE_M = 0.5  # between the edge line and the kerb
KERB_M = 0.13
BEHIND_M = 30.0  # how far the street reaches behind s = 0
STEP_M = 1.0
Places = NDArray[np.float64] | float


@dataclass(frozen=True)
class Line:
    """A painted line along the street."""

    d: float
    dashed: bool


@dataclass(frozen=True, kw_only=True)
class Street:
    lanes: int = 1  # in our direction
    oncoming: int = 1
    parking_left: bool = False
    parking_right: bool = False
    pavement_m: float = 3.5
    built_up: bool = True  # False: a country road or motorway, verges instead of pavements
    length_m: float = 400.0
    bend: float = 0.0  # largest curvature [1/m], to the left
    bend_m: float = 300.0  # length of one bend
    crossings: tuple[float, ...] = ()  # s of the middle of each zebra crossing

    def lane(self, index: int) -> float:
        """d of the middle of a lane: 0.. in our direction from the middle of the street outwards,
        -1.. the oncoming ones."""
        return -(index + 0.5) * LANE_M

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All lane lines from left to right: edges solid, between lanes dashed."""
        first, last = self.oncoming, -self.lanes
        return tuple(
            Line(k * LANE_M, dashed=k not in (first, last)) for k in range(first, last - 1, -1)
        )

    @property
    def left_kerb(self) -> float:
        """d of the left kerb."""
        return self.oncoming * LANE_M + (PARKING_M if self.parking_left else EDGE_M)

    @property
    def right_kerb(self) -> float:
        """d of the right kerb."""
        return -self.lanes * LANE_M - (PARKING_M if self.parking_right else EDGE_M)

    @cached_property
    def _course(self) -> NDArray[np.float64]:
        """(K, 4) s, x, y, heading every metre; the curvature swings like a sine from s = 30 on."""
        s = np.arange(-BEHIND_M, self.length_m + STEP_M, STEP_M)
        phase = np.clip(s - 30.0, 0.0, None) / self.bend_m
        heading = np.concatenate(
            [[0.0], np.cumsum(self.bend * np.sin(np.pi * phase))[:-1] * STEP_M]
        )
        x = s[0] + np.concatenate([[0.0], np.cumsum(np.cos(heading))[:-1] * STEP_M])
        y = np.concatenate([[0.0], np.cumsum(np.sin(heading))[:-1] * STEP_M])
        return np.stack([s, x, y, heading], axis=1)

    def heading(self, s: Places) -> NDArray[np.float64]:
        """Direction of the street [rad], 0 along x."""
        course = self._course
        return np.asarray(np.interp(s, course[:, 0], course[:, 3]))

    def world(self, s: Places, d: Places) -> NDArray[np.float64]:
        """(..., 2) x, y of points of the street [m]."""
        course = self._course
        x, y, heading = (np.interp(s, course[:, 0], course[:, k]) for k in (1, 2, 3))
        return np.stack([x - d * np.sin(heading), y + d * np.cos(heading)], axis=-1)

    def ego_lines(self, d: float) -> dict[int, Line]:
        """The up to four lines about the lane that contains d, by id: 2 and 3 bound it."""
        right = next((k for k, line in enumerate(self.lines) if line.d < d), len(self.lines))
        return {
            number: self.lines[right + number - 3]
            for number in (1, 2, 3, 4)
            if 0 <= right + number - 3 < len(self.lines)
        }
