"""Lane lines of one road share a vanishing point and a curvature, which tells them apart.

On a flat road of constant curvature every line obeys  x = vx + s (y - vy) + c / (y - vy)  with its
own slope s.  A line is named by where it would meet the bottom of the image: its offset s (H - vy)
[px].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BIN = 10.0  # of the offset histogram [px]
FARTHEST = 1600.0  # offset beyond which no line is looked for [px]
NEAREST_ROWS = 8.0  # rows below the vanishing point that are too crowded to tell lines apart [px]


class Road(NamedTuple):
    vx: float  # vanishing point [px]
    vy: float
    c: float  # curvature term [px^2]

    def offsets(self, x: Array, y: Array, height: int) -> Array:
        """Offset at the bottom row of the line through each point."""
        below = y - self.vy
        slope: Array = (x - self.vx - self.c / below) / below
        return slope * (height - self.vy)

    def columns(self, offset: float, y: Array, height: int) -> Array:
        """The line of that offset at rows y."""
        below = y - self.vy
        columns: Array = self.vx + offset * below / (height - self.vy) + self.c / below
        return columns


def fit_road(x: Array, y: Array, size: tuple[int, int]) -> Road:
    """The road whose lines gather the marks (x, y) best: a coarse search, then two finer ones."""
    width, height = size
    top = float(np.quantile(y, 0.02))  # lines end a little below the point they vanish in
    best = Road(width / 2, top - 6.0, 0.0)
    reach = np.array([0.25 * width, 15.0, 2000.0])
    for steps in ((17, 7, 9), (7, 7, 7), (7, 7, 7)):
        axes = [np.linspace(b - r, b + r, n) for b, r, n in zip(best, reach, steps, strict=True)]
        candidates = [Road(*c) for c in np.stack(np.meshgrid(*axes), -1).reshape(-1, 3).tolist()]
        best = max(candidates, key=lambda road: _gathering(road, x, y, height))
        reach = reach / 4
    return best


def nearness(y: Array, height: int) -> Array:
    """0 for the farthest mark, 1 at the bottom: far marks fix a line's offset less well."""
    weight: Array = (y - y.min() + 1.0) / (height - y.min())
    return weight


def _gathering(road: Road, x: Array, y: Array, height: int) -> float:
    """How strongly the marks gather into few offsets."""
    near = y > road.vy + NEAREST_ROWS
    weight = nearness(y, height)[near]
    histogram = _histogram(road.offsets(x[near], y[near], height), weight)
    return float((histogram**2).sum())


def _histogram(offsets: Array, weights: Array) -> Array:
    """Weight per offset bin, each mark shared between its two nearest bins."""
    place = (offsets + FARTHEST) / BIN
    low = np.floor(place).astype(int)
    inside = (low >= 0) & (low < 2 * FARTHEST / BIN - 1)
    low, share, weight = low[inside], (place - np.floor(place))[inside], weights[inside]
    bins = int(2 * FARTHEST / BIN)
    nearer, farther = weight * (1 - share), weight * share
    histogram = np.zeros(bins)
    np.add.at(histogram, low, nearer)
    np.add.at(histogram, low + 1, farther)
    return histogram


def line_offsets(road: Road, x: Array, y: Array, height: int, least: float) -> list[float]:
    """Offsets of the lines, left to right.  least: weight of marks one needs (full: rows / 2)."""
    near = y > road.vy + NEAREST_ROWS
    weight = nearness(y, height)[near]
    offsets = road.offsets(x[near], y[near], height)
    histogram = np.convolve(_histogram(offsets, weight), np.ones(5), "same")
    found: list[float] = []
    while histogram.max() > least:
        peak = int(histogram.argmax())
        close = np.abs(offsets - (peak * BIN - FARTHEST)) < 4 * BIN
        found.append(float(np.average(offsets[close], weights=weight[close])))
        histogram[max(0, peak - 9) : peak + 10] = 0.0
    return sorted(found)
