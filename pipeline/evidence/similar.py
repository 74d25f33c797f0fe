"""The nearest among all events: a plain scan, for which 100,000 of them are few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nearest(
    matrix: NDArray[np.float32], wanted: NDArray[np.float32], count: int
) -> list[tuple[int, float]]:
    """Rows and distances, the nearest first; equal ones in their order.

    matrix: (N, D)   wanted: (D,)   distance: root of the mean squared difference, so that two calm
    scenes without anything in common are about sqrt(2) apart, whatever D is
    """
    if len(matrix) == 0 or matrix.shape[1] != len(wanted):
        return []
    distances = np.sqrt(np.square(matrix - wanted).mean(axis=1))
    order = np.argsort(distances, kind="stable")[:count]
    return [(int(row), float(distances[row])) for row in order]
