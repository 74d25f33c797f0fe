"""How well boxes find objects: average precision at an overlap of 0.5 (VOC, all points)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from road_clarity.models.detections import Detection, detections, overlaps
from road_clarity.models.fastest_det import KINDS
from road_clarity.training.finder_data import Views

FOUND = 0.5  # overlap (IoU)
LEAST = 0.1  # score of a box that is considered at all

Answer = tuple[list[float], list[bool], int]  # scores, whether right, how many there were


@torch.inference_mode()
def average_precision(network: nn.Module, views: Sequence[Views], kind: int) -> float:
    """Of one kind over whole pictures; nan where there is none."""
    scores: list[float] = []
    right: list[bool] = []
    there = 0
    for view in views:
        found = detections(network(network_input(view.image[None])), LEAST)[0]
        said = [one for one in found if one.label == list(KINDS)[kind]]
        matched, count = judged(said, view, kind)
        there += count
        scores += [score for score, _ in matched]
        right += [hit for _, hit in matched]
    return area(scores, right, there)


def network_input(images: torch.Tensor) -> torch.Tensor:
    """(B, H, W, 3) uint8 RGB -> (B, 3, H, W) BGR in [0, 1]"""
    return images.flip(-1).permute(0, 3, 1, 2).float() / 255


def judged(said: list[Detection], view: Views, kind: int) -> tuple[list[tuple[float, bool]], int]:
    """Score and right or wrong of each box, the best first; who need not be found neither
    helps nor harms."""
    mine = view.kinds == kind
    boxes, asked = view.boxes[mine].numpy(), view.asked[mine].numpy()
    if not len(boxes):
        return [(one.score, False) for one in said], 0
    free, out = np.ones(len(boxes), bool), []
    for one in said:
        shared = overlaps(np.array(one.box, np.float32), boxes) * free
        best = int(shared.argmax())
        if shared[best] < FOUND:
            out.append((one.score, False))
            continue
        free[best] = False
        if asked[best]:
            out.append((one.score, True))
    return out, int(asked.sum())


def area(scores: list[float], right: list[bool], there: int) -> float:
    """Under the curve of the largest precision at that recall or more."""
    if not there:
        return float("nan")
    order = np.argsort([-score for score in scores], kind="stable")
    hits = np.array(right, bool)[order].cumsum()
    precision = hits / np.arange(1, len(hits) + 1)
    recall = np.concatenate([[0.0], hits / there])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall) * envelope).sum())
