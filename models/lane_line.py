"""One smooth line through the row maxima of a lane: strays skipped, gaps filled, stiff where near.

A line of a flat road of constant curvature is x = vx + s d + c / d in the image, d rows below the
horizon (so its second difference falls with d cubed): near the car it is straight, far away it may
bend.  N maxima, in rows ROW_STEP or a multiple of it apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROW_STEP = 4  # distance of the rows that are read [px]
LARGEST_GAP = 16  # read rows without the lane, after which it counts as another line
FLATTEST = 8.0  # columns per row; maxima farther aside are not of one line
OUTLIER_PX = 10.0  # a row maximum farther than this from the smooth line is not on it
STIFFNESS = 8000.0  # 100 rows below the horizon; see `stiffness`
HORIZON_GAP = 5.0  # lines end about this far below the horizon [px]
NEAREST, FARTHEST = 8.0, 150.0  # rows below the horizon between which stiffness changes [px]


@dataclass(frozen=True, eq=False)
class Maxima:
    """Where a lane shows, from the bottom of the image upwards."""

    rows: Array  # (N,) [px]
    columns: Array  # (N,) [px], sub-pixel
    weights: Array  # (N,) probability

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, kept: NDArray[np.bool_] | NDArray[np.int_]) -> Maxima:
        """The maxima of a mask or of indices."""
        return Maxima(self.rows[kept], self.columns[kept], self.weights[kept])


def strongest_line(maxima: Maxima) -> Maxima:
    """Those of N > 0 maxima that one line can join, of most weight together; strays are skipped.

    Two maxima can follow each other when neither the gap between their rows nor the step aside is
    too large.
    """
    rows, columns, weights = maxima.rows, maxima.columns, maxima.weights
    up = rows[:, None] - rows  # (N, N) [earlier, later]
    joined = (up > 0) & (up <= LARGEST_GAP * ROW_STEP)
    joined &= np.abs(columns[:, None] - columns) <= FLATTEST * up
    total, before = weights.copy(), np.full(len(rows), -1)
    for i in range(1, len(rows)):
        sums = np.where(joined[:i, i], total[:i], 0.0)
        if sums.max() > 0:
            before[i] = int(sums.argmax())
            total[i] += sums.max()
    chain = [int(total.argmax())]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return maxima.only(np.array(chain[::-1]))


def smooth_line(maxima: Maxima, horizon: float) -> Maxima:
    """The line in every read row from the first to the last of the maxima.

    maxima: of one line, N > 0; horizon: row where the lines of the road end [px]
    """
    for _ in range(2):
        line = whittaker(maxima, horizon)
        here = np.interp(-maxima.rows, -line.rows, line.columns)
        near = np.abs(here - maxima.columns) < OUTLIER_PX
        if near.sum() < 2:
            break
        maxima = maxima.only(near)
    return whittaker(maxima, horizon)


def whittaker(maxima: Maxima, horizon: float) -> Maxima:
    """The smooth column in every row between the first and the last (Whittaker 1923).

    Minimises  sum of weights (x - columns)^2 + sum of stiffness (second difference of x)^2.
    """
    rows = np.arange(maxima.rows[0], maxima.rows[-1] - 1, -ROW_STEP, dtype=np.float64)
    weights = np.interp(-rows, -maxima.rows, maxima.weights)
    if len(rows) < 3:
        return Maxima(rows, np.interp(-rows, -maxima.rows, maxima.columns), weights)
    seen = np.rint((rows[0] - maxima.rows) / ROW_STEP).astype(int)
    pull, pulled = np.full(len(rows), 1e-6), np.zeros(len(rows))  # never singular
    pull[seen], pulled[seen] = maxima.weights, maxima.weights * maxima.columns
    second = np.diff(np.eye(len(rows)), 2, axis=0)
    bend = second.T @ (stiffness(rows[1:-1], horizon)[:, None] * second)
    columns = np.linalg.solve(np.diag(pull) + bend, pulled)
    return Maxima(rows, np.asarray(columns, np.float64), weights)


def stiffness(rows: Array, horizon: float) -> Array:
    """What a bend costs in each row: smoothing over L rows takes a stiffness of L to the fourth.

    L may grow with the distance d below the horizon, and a little faster, for bends fade with d.
    """
    below = np.clip(rows - horizon + HORIZON_GAP, NEAREST, FARTHEST)
    cost: Array = STIFFNESS * (below / 100.0) ** 5
    return cost
