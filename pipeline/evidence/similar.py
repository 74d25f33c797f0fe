"""The nearest among all events: a plain scan, for which 100,000 of them are few.

Scenes are compared by the angle between their embeddings, which found drives again more often than
their distance did (docs/evidence.md): how unusual a scene is says little about which one it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nearest(
    matrix: NDArray[np.float32], wanted: NDArray[np.float32], count: int
) -> list[tuple[int, float]]:
    """Rows and distances, the nearest first; equal ones in their order.

    matrix: (N, D)   wanted: (D,)   distance: 1 - cosine, 0 for the same direction, 1 for nothing in
    common, 2 for the opposite
    """
    if len(matrix) == 0 or matrix.shape[1] != len(wanted):
        return []
    lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(wanted)
    distances = 1.0 - (matrix @ wanted) / np.maximum(lengths, 1e-12)
    order = np.argsort(distances, kind="stable")[:count]
    return [(int(row), max(0.0, float(distances[row]))) for row in order]
