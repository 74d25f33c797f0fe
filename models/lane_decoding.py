"""From SCNN's maps to lane lines in the source image (Pan et al. 2018, and their getLane.m).

As published: box mean of each probability map, the row's maximum where it exceeds 0.3, lanes whose
existence exceeds 0.5.  Beyond it: any camera size, sub-pixel positions, and one smooth line through
the row maxima.
H rows, W columns of the network's input; N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

BOX = 9  # published width of the box mean [px]
ROW_STEP = 4  # distance of the rows that are read [px of the network's input]
PEAK_REACH = 8  # columns each side of a maximum that share in its position [px]
LARGEST_GAP = 16  # read rows without the lane, after which it counts as another line
FLATTEST = 8.0  # columns per row; maxima farther aside are not of one line
OUTLIER_PX = 6.0  # a row maximum farther than this from the smooth line is not on it
STIFFNESS = 1000.0  # penalty on the third difference of x; a parabola costs nothing


@dataclass(frozen=True)
class View:
    """The part of the source image that the network sees.  Sizes are (width, height) [px]."""

    source: tuple[int, int]
    crop: tuple[float, float, float, float]  # x0, y0, x1, y1 in the source
    network: tuple[int, int]

    def to_source(self, points: Array) -> Array:
        """(N, 2) in the network's input -> in the source; pixel centres are whole numbers."""
        x0, y0, x1, y1 = self.crop
        scale = np.array([(x1 - x0) / self.network[0], (y1 - y0) / self.network[1]])
        moved: Array = (points + 0.5) * scale + (x0, y0) - 0.5
        return moved


@dataclass(frozen=True)
class DecodedLane:
    id: int  # 1..4 from left to right
    points: Array  # (N, 2) x, y in the source [px], from the bottom upwards
    confidence: float  # existence times mean probability along the line


def decode(
    logits: Tensor, existence: Tensor, view: View, *,
    point_threshold: float = 0.3, existence_threshold: float = 0.5, fewest_points: int = 5,
) -> list[DecodedLane]:  # fmt: skip
    """logits: (5, h, w); existence: (4,)"""
    present = [i for i, p in enumerate(existence.tolist()) if p > existence_threshold]
    if not present:
        return []
    maps = probability_rows(logits, view.network)
    lanes = []
    for i in present:
        rows, columns, weights = row_peaks(maps[i], point_threshold)
        rows, columns, weights = smooth_line(rows, columns, weights)
        if len(rows) >= fewest_points:
            points = view.to_source(np.stack([columns, rows], axis=1))
            confidence = float(existence[i]) * float(weights.mean())
            lanes.append(DecodedLane(i + 1, points, min(confidence, 1.0)))
    return lanes


def probability_rows(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Box mean of each lane's probability in rows 0, ROW_STEP, ... of the network's input.

    logits: (5, h, w) -> (4, H / ROW_STEP, W); a box is a mean of columns of a mean of rows.
    """
    full = F.interpolate(logits[None], size=(size[1], size[0]), mode="bilinear", align_corners=True)
    lanes = full.softmax(dim=1)[:, 1:]
    rows = F.avg_pool2d(lanes, (BOX, 1), stride=(ROW_STEP, 1), padding=(BOX // 2, 0))
    return F.avg_pool2d(rows, (1, BOX), stride=1, padding=(0, BOX // 2))[0]


def row_peaks(probability: Tensor, threshold: float) -> tuple[Array, Array, Array]:
    """Rows (bottom first) whose maximum exceeds threshold, its sub-pixel column and probability.

    probability: (H / ROW_STEP, W), one lane of `probability_rows`
    """
    peak, column = probability.max(dim=1)
    offsets = torch.arange(-PEAK_REACH, PEAK_REACH + 1, device=column.device)
    around = column[:, None] + offsets
    inside = (around >= 0) & (around < probability.shape[1])
    weight = probability.gather(1, around.clamp(0, probability.shape[1] - 1)) * inside
    exact = (weight * around).sum(dim=1) / weight.sum(dim=1).clamp_min(1e-9)
    kept = np.flatnonzero((peak > threshold).cpu().numpy())[::-1]
    columns, peaks = exact.cpu().double().numpy(), peak.cpu().double().numpy()
    return ROW_STEP * kept.astype(np.float64), columns[kept], peaks[kept]


def smooth_line(rows: Array, columns: Array, weights: Array) -> tuple[Array, Array, Array]:
    """The heaviest unbroken line through the maxima, without outliers, gaps filled."""
    if len(rows) == 0:
        return rows, columns, weights
    chain = heaviest_chain(rows, columns, weights)
    rows, columns, weights = rows[chain], columns[chain], weights[chain]
    for _ in range(2):
        every_row, line = whittaker(rows, columns, weights)
        near = np.abs(np.interp(-rows, -every_row, line) - columns) < OUTLIER_PX
        if near.sum() < 2:
            break
        rows, columns, weights = rows[near], columns[near], weights[near]
    every_row, line = whittaker(rows, columns, weights)
    return every_row, line, np.interp(-every_row, -rows, weights)


def heaviest_chain(rows: Array, columns: Array, weights: Array) -> NDArray[np.int_]:
    """Indices of the maxima that one line can join, of most weight together; strays are skipped.

    Two maxima can follow each other when neither the gap between their rows nor the step aside is
    too large.
    """
    up = rows[:, None] - rows  # (N, N) [row of the earlier, row of the later]
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
    return np.array(chain[::-1])


def whittaker(rows: Array, columns: Array, weights: Array) -> tuple[Array, Array]:
    """Every read row between the first and the last, and the smooth column there (Whittaker 1923).

    Minimises sum of weights (x - columns)^2 + STIFFNESS * sum of squared third differences of x.
    """
    every_row = np.arange(rows[0], rows[-1] - 1, -ROW_STEP, dtype=np.float64)
    n = len(every_row)
    if n < 4:
        return every_row, np.interp(-every_row, -rows, columns)
    at = np.rint((rows[0] - rows) / ROW_STEP).astype(int)
    weight, value = np.zeros(n), np.zeros(n)
    weight[at], value[at] = weights, columns
    third = np.diff(np.eye(n), 3, axis=0)
    system = np.diag(weight + 1e-6) + STIFFNESS * third.T @ third  # never singular
    return every_row, np.asarray(np.linalg.solve(system, weight * value), np.float64)


def columns_at(points: Array, rows: Array) -> Array:
    """x of a line at the given rows, nan where it does not reach.  points: (N, 2); rows: (M,)"""
    upwards = points[::-1]  # np.interp wants growing y
    return np.interp(rows, upwards[:, 1], upwards[:, 0], left=np.nan, right=np.nan)
