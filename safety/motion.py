"""How tracks moved during the last second: straight-line fits with their uncertainty."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from road_clarity.safety.scene import Box, Tracks

FEWEST = 4  # samples below which no motion is claimed


@dataclass(frozen=True)
class Slope:
    """Rate of change per second and its standard error."""

    rate: float
    error: float


class Motion:
    """Foot point and height of every track over the last `history_s` seconds."""

    def __init__(self, history_s: float) -> None:
        self._history_ns = int(history_s * 1e9)
        self._samples: dict[int, deque[tuple[int, float, float]]] = {}

    def see(self, tracks: Tracks) -> None:
        """Take in a frame's boxes; tracks that are gone are forgotten, a time jump forgets all."""
        alive: dict[int, deque[tuple[int, float, float]]] = {}
        for track in tracks.tracks:
            samples = self._samples.get(track.id, deque())
            if samples and samples[-1][0] > tracks.stamp_ns:
                samples = deque()
            if not samples or samples[-1][0] < tracks.stamp_ns:
                samples.append((tracks.stamp_ns, *foot_and_log_height(track.box)))
            while tracks.stamp_ns - samples[0][0] > self._history_ns:
                samples.popleft()
            alive[track.id] = samples
        self._samples = alive

    def sideways(self, track_id: int) -> Slope:
        """Foot point, to the right [px/s]."""
        return self._slope(track_id, 1)

    def growth(self, track_id: int) -> Slope:
        """Relative growth of the box [1/s]; its inverse is the time to collision (Lee 1976)."""
        return self._slope(track_id, 2)

    def _slope(self, track_id: int, column: int) -> Slope:
        samples = np.array(self._samples.get(track_id, ()), dtype=np.float64)
        if len(samples) < FEWEST:
            return Slope(0.0, math.inf)
        t = (samples[:, 0] - samples[-1, 0]) * 1e-9
        t -= t.mean()
        y = samples[:, column] - samples[:, column].mean()
        rate = float(t @ y / (t @ t))
        residual = y - rate * t
        return Slope(rate, math.sqrt(float(residual @ residual) / (len(t) - 2) / float(t @ t)))


def foot_and_log_height(box: Box) -> tuple[float, float]:
    """Middle of the lower edge [px] and log of the height [log px]."""
    return (box[0] + box[2]) / 2, math.log(max(box[3] - box[1], 1.0))
