"""The curve that CULane's benchmark draws through the points of a lane (tools/lane_evaluation).

A natural cubic spline over the length of the chords, for x and y apart: between points i and i + 1,
h apart,  p + b t + M_i / 2 t^2 + (M_i+1 - M_i) / (6 h) t^3  with second derivatives M, zero at both
ends.  N points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]  # (N, 2) x, y [px]
Array = NDArray[np.float64]

SAMPLES = 50  # from each point up to the next


def curve(points: Points) -> Points:
    """The points to join with straight strokes.  (N, 2) -> (SAMPLES (N - 1) + 1, 2) for N > 2

    In single precision where the official program is.  Two equal points in a row have no chord to
    divide by: all but the last point is nan, as there, and what is drawn overlaps no other lane.
    """
    if len(points) <= 2:
        return points
    step = np.diff(points, axis=0).astype(np.float64)
    h = np.sqrt((step**2).sum(axis=1, keepdims=True))
    if not h.all():
        unknown = np.full((SAMPLES * len(h), 2), np.nan, np.float32)
        return np.concatenate([unknown, points[-1:]])
    slope, chords = step / h, h[:, 0].tolist()
    m = np.array([second_derivatives(one, chords) for one in slope.T.tolist()]).T
    b = slope - (2 * h * m[:-1] + h * m[1:]) / 6
    c, d = m[:-1] / 2, (m[1:] - m[:-1]) / (6 * h)
    t = (h / SAMPLES * np.arange(SAMPLES))[:, :, None]
    parts = points[:-1, None] + b[:, None] * t + c[:, None] * t**2 + d[:, None] * t**3
    return np.concatenate([parts.reshape(-1, 2), points[-1:]]).astype(np.float32)


def second_derivatives(slope: list[float], h: list[float]) -> list[float]:
    """slope and length of the N - 1 chords -> M at the N points, by Thomas' elimination of

    h_i M_i + 2 (h_i + h_i+1) M_i+1 + h_i+1 M_i+2 = 6 (slope_i+1 - slope_i).
    """
    ratio, m = [0.0], [0.0]
    for i in range(len(h) - 1):
        below = h[i] if i else 0.0
        pivot = 2 * (h[i] + h[i + 1]) - below * ratio[i]
        m.append((6 * (slope[i + 1] - slope[i]) - below * m[i]) / pivot)
        ratio.append(h[i + 1] / pivot)
    for i in range(len(h) - 2, 0, -1):
        m[i] -= ratio[i] * m[i + 1]
    return [*m, 0.0]
