"""From what a detector says of every cell to boxes: one for those that mean the same object.

Greedy non-maximum suppression, for each kind apart.  Who remains is boxed by all cells that box it
much alike, the surer the more (box voting, Gidaris & Komodakis 2015, arXiv:1505.01749): each errs
by itself, their mean errs less.  N boxes (x0, y0, x1, y1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.fastest_det import KINDS, Cells

SAME = 0.4  # overlap (IoU) above which the weaker of two boxes says nothing new
ALIKE = 0.5  # overlap above which a box has a vote on another's place
PART = 0.8  # share of the weaker box that lies in the other: it is a part of the same object
MOST = 300  # cells that are looked at, the best first


class Detection(NamedTuple):
    """One object.  box in parts of the picture."""

    label: str  # one of KINDS
    box: tuple[float, float, float, float]
    score: float  # 0..1


def detections(cells: Cells, least: float) -> list[list[Detection]]:
    """Of each picture, the best first.  least: score from which a box counts."""
    scores = cells.scores()
    return [
        sorted(
            (one for kind, label in enumerate(KINDS) for one in of_kind(s[kind], b, label, least)),
            key=lambda one: -one.score,
        )
        for s, b in zip(scores, cells.boxes, strict=True)
    ]


def of_kind(scores: Tensor, boxes: Tensor, label: str, least: float) -> list[Detection]:
    """scores: (h, w)      boxes: (h, w, 4)"""
    flat, corners = scores.flatten(), boxes.flatten(0, 1)
    places = torch.nonzero(flat > least)[:, 0]
    places = places[flat[places].argsort(descending=True, stable=True)][:MOST]
    chosen, sure = corners[places].float().cpu().numpy(), flat[places].float().cpu().numpy()
    return [
        Detection(label, (x0, y0, x1, y1), float(sure[index]))
        for index in suppressed(chosen)
        for x0, y0, x1, y1 in [voted(chosen[index], chosen, sure).tolist()]
    ]


def voted(
    box: NDArray[np.float32], boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean of all boxes (N, 4) that are much like this one: (4,)"""
    alike = (overlaps(box, boxes) > ALIKE) | (boxes == box).all(axis=1)  # itself, however thin
    votes = np.where(alike, scores**2, 0.0)
    return np.asarray(votes @ boxes / votes.sum(), np.float32)


def suppressed(boxes: NDArray[np.float32]) -> list[int]:
    """Which of the boxes (N, 4), the best first, remain."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        others = boxes[kept]
        common, areas = shared(box, others), extent(others)
        own = extent(box)
        if not ((common > SAME * (areas + own - common)) | (common > PART * own)).any():
            kept.append(index)
    return kept


def shared(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Area of the intersection with each of (N, 4): (N,)"""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    return np.asarray(np.prod(np.clip(high - low, 0, None), axis=1), np.float32)


def extent(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Area: (..., 4) -> (...)"""
    return np.asarray(np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1), np.float32)


def overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union with each of (N, 4): (N,)"""
    common = shared(box, others)
    return np.asarray(common / np.maximum(extent(others) + extent(box) - common, 1e-12), np.float32)
