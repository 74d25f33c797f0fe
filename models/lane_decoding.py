"""From SCNN's maps to lane lines in the source image (Pan et al. 2018, and their getLane.m).

As published: box mean of each probability map, the row's maximum where it exceeds 0.3, lanes whose
existence exceeds 0.5.  Beyond it: any camera size, sub-pixel positions, and one smooth line through
the row maxima.
H rows, W columns of the network's input; N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.lane_line import ROW_STEP, Array, Maxima, smooth_line, strongest_line

BOX = 9  # published width of the box mean [px]
FEWEST_POINTS = 5  # a shorter line is dropped
PEAK_REACH = 8  # columns each side of a maximum that share in its position [px]


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
    logits: Tensor,
    existence: Tensor,
    view: View,
    *,
    point_threshold: float = 0.3,
    existence_threshold: float = 0.5,
    least_confidence: float = 0.0,
) -> list[DecodedLane]:
    """logits: (5, h, w); existence: (4,)"""
    present = [i for i, p in enumerate(existence.tolist()) if p > existence_threshold]
    if not present:
        return []
    maps = probability_rows(logits, view.network)
    maxima = {i: row_peaks(maps[i], point_threshold) for i in present}
    lines = {i: strongest_line(found) for i, found in maxima.items() if len(found) > 0}
    horizon = min((float(line.rows[-1]) for line in lines.values()), default=0.0)
    lanes = []
    for i, line in lines.items():
        smooth = smooth_line(line, horizon)
        confidence = min(float(existence[i]) * float(smooth.weights.mean()), 1.0)
        if len(smooth) >= FEWEST_POINTS and confidence >= least_confidence:
            points = view.to_source(np.stack([smooth.columns, smooth.rows], axis=1))
            lanes.append(DecodedLane(i + 1, points, confidence))
    return lanes


def probability_rows(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Box mean of each lane's probability in rows 0, ROW_STEP, ... of the network's input.

    logits: (5, h, w) -> (4, H / ROW_STEP, W), on the CPU; beyond the border there is nothing.
    """
    full = F.interpolate(logits[None], size=(size[1], size[0]), mode="bilinear", align_corners=True)
    lanes = full.softmax(dim=1)[0, 1:].cpu().numpy()
    means = [cv2.boxFilter(lane, -1, (BOX, BOX), borderType=cv2.BORDER_CONSTANT) for lane in lanes]
    return torch.from_numpy(np.stack([mean[::ROW_STEP] for mean in means]))


def row_peaks(probability: Tensor, threshold: float) -> Maxima:
    """The maximum of each row whose maximum exceeds threshold.

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
    return Maxima(ROW_STEP * kept.astype(np.float64), columns[kept], peaks[kept])


def columns_at(points: Array, rows: Array) -> Array:
    """x of a line at the given rows, nan where it does not reach.  points: (N, 2); rows: (M,)"""
    upwards = points[::-1]  # np.interp wants growing y
    return np.interp(rows, upwards[:, 1], upwards[:, 0], left=np.nan, right=np.nan)
