"""How tracks moved during the last second: straight-line fits with their uncertainty."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from road_clarity.safety.scene import Box, Tracks

FEWEST = 4  # samples below which no motion is claimed
SHORTEST = 0.5  # share of history_s that samples must span for that


Sample = tuple[int, float, float, float]  # stamp [ns], foot x, log height, log width


@dataclass(frozen=True)
class Slope:
    """Rate of change per second and its standard error."""

    rate: float
    error: float


class Motion:
    """Foot point and size of every track over the last `history_s` seconds."""

    def __init__(self, history_s: float) -> None:
        self._history_ns = int(history_s * 1e9)
        self._samples: dict[int, deque[Sample]] = {}

    def see(self, tracks: Tracks) -> None:
        """Take in a frame's boxes; tracks that are gone are forgotten, a time jump forgets all."""
        alive: dict[int, deque[Sample]] = {}
        for track in tracks.tracks:
            samples = self._samples.get(track.id, deque())
            if samples and samples[-1][0] > tracks.stamp_ns:
                samples = deque()
            if not samples or samples[-1][0] < tracks.stamp_ns:
                samples.append((tracks.stamp_ns, *foot_and_log_size(track.box)))
            while tracks.stamp_ns - samples[0][0] > self._history_ns:
                samples.popleft()
            alive[track.id] = samples
        self._samples = alive

    def sideways(self, track_id: int) -> Slope:
        """Foot point, to the right [px/s]."""
        return self._slope(track_id, 1)

    def growth(self, track_id: int) -> tuple[Slope, Slope]:
        """Relative growth of height and of width [1/s].

        The inverse is the time to collision (Lee 1976).  What comes closer grows both ways; a box
        that the tracker pulls about mostly does not.
        """
        return self._slope(track_id, 2), self._slope(track_id, 3)

    def _slope(self, track_id: int, column: int) -> Slope:
        samples = np.array(self._samples.get(track_id, ()), dtype=np.float64)
        if len(samples) < FEWEST or np.ptp(samples[:, 0]) < SHORTEST * self._history_ns:
            return Slope(0.0, math.inf)
        t = (samples[:, 0] - samples[-1, 0]) * 1e-9
        t -= t.mean()
        y = samples[:, column] - samples[:, column].mean()
        rate = float(t @ y / (t @ t))
        residual = y - rate * t
        return Slope(rate, math.sqrt(float(residual @ residual) / (len(t) - 2) / float(t @ t)))


def foot_and_log_size(box: Box) -> tuple[float, float, float]:
    """Middle of the lower edge [px], log of height and of width [log px]."""
    height, width = max(box[3] - box[1], 1.0), max(box[2] - box[0], 1.0)
    return (box[0] + box[2]) / 2, math.log(height), math.log(width)
