"""The mean of a figure over all that was measured, and how far chance may have moved it.

Percentile bootstrap (Efron 1979) over groups: frames of one street are alike, streets are not, so
whole streets are drawn anew.
N measurements of a group; a figure may have several entries, shape (...).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 1000
LEVEL = 0.95  # of the interval
SEED = 0
Floats = NDArray[np.float64]


class Tally:
    """Sums and counts by group; every measurement has the same weight."""

    def __init__(self) -> None:
        self._sums: dict[str, Floats] = {}
        self._counts: dict[str, int] = {}

    def add(self, group: str, values: ArrayLike) -> None:
        """values: (N, ...), none is no harm"""
        rows = np.asarray(values, dtype=np.float64)
        if not len(rows):
            return
        self._sums[group] = self._sums.get(group, 0.0) + rows.sum(0)
        self._counts[group] = self._counts.get(group, 0) + len(rows)

    def take(self, other: Tally) -> None:
        """All that another has measured, too."""
        for group, total in other._sums.items():
            self._sums[group] = self._sums.get(group, 0.0) + total
            self._counts[group] = self._counts.get(group, 0) + other._counts[group]

    @property
    def count(self) -> int:
        return sum(self._counts.values())

    def mean(self) -> Floats | None:
        """None: nothing was measured."""
        if not self._sums:
            return None
        return np.asarray(sum(self._sums.values()) / self.count)

    def interval(self) -> tuple[Floats, Floats] | None:
        """Low and high end of the mean at LEVEL; None for fewer than two groups."""
        if len(self._sums) < 2:
            return None
        sums = np.stack(list(self._sums.values()))
        counts = np.array(list(self._counts.values()))
        drawn = np.random.default_rng(SEED).integers(len(sums), size=(DRAWS, len(sums)))
        total = counts[drawn].sum(1).reshape(DRAWS, *[1] * (sums.ndim - 1))
        means = sums[drawn].sum(1) / total
        low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        return low, high
