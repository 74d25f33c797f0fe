"""What the object finder is told: boxes of known objects, or what the published network says.

Near FastestDet's own loss: of the four cells around an object's centre the two that box it better
answer for it, by the overlap they reach; every other cell must say that nothing is there.
B views, h x w cells, N objects.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.fastest_det import Cells
from road_clarity.training.finder_data import NOBODY, PEOPLE_KNOWN, VEHICLE, Views

OBJECT, BOX, KIND = 16.0, 8.0, 1.0  # weights, as published
EMPTY = 0.75  # share of all cells in the objectness, as published
ANSWERING = 2  # of the four cells around a centre
TEACHER_SURE = 0.25  # objectness from which the teacher's box and class count


class Wanted(NamedTuple):
    """What cells must say; a cell that is neither empty nor answering is left alone."""

    objectness: Tensor  # (B, h, w)
    counts: Tensor  # (B, h, w) bool: its objectness is asked for
    cells: tuple[Tensor, Tensor, Tensor]  # view, row, column of the P that answer
    boxes: Tensor  # (P, 4)


def known_loss(cells: Cells, teacher: Cells, views: Views) -> Tensor:
    """Of views whose people are known; a scalar.

    Where vehicles are not known, cells in which the teacher sees one are left alone.
    """
    wanted, kinds = assigned(cells, views)
    vehicle = teacher.scores()[:, VEHICLE] > TEACHER_SURE
    counts = wanted.counts & ~(vehicle & (views.known == PEOPLE_KNOWN)[:, None, None])
    wanted = wanted._replace(counts=counts)
    view, row, column = wanted.cells
    said = cells.kinds()[view, :, row, column]  # (P, 2)
    kind = F.nll_loss(said, kinds) if len(kinds) else said.sum()
    return joined(cells, wanted) + KIND * kind


def taught_loss(cells: Cells, teacher: Cells) -> Tensor:
    """Of views in which nothing is known but what the teacher says."""
    sure = teacher.objectness > TEACHER_SURE
    view, row, column = torch.nonzero(sure, as_tuple=True)
    everywhere = torch.ones_like(sure)
    wanted = Wanted(
        teacher.objectness, everywhere, (view, row, column), teacher.boxes[view, row, column]
    )
    ours, theirs = (one.classes.log_softmax(1)[view, :, row, column] for one in (cells, teacher))
    kind = (theirs.exp() * (theirs - ours)).sum(1).mean() if len(view) else ours.sum()
    return joined(cells, wanted) + KIND * kind


def joined(cells: Cells, wanted: Wanted) -> Tensor:
    """Objectness and boxes."""
    view, row, column = wanted.cells
    off = F.smooth_l1_loss(cells.objectness, wanted.objectness, reduction="none")
    empty = (off * wanted.counts).sum() / wanted.counts.sum().clamp_min(1)
    if not len(view):
        return OBJECT * EMPTY * empty
    there = off[view, row, column].mean()
    boxes = 1 - generalised_iou(cells.boxes[view, row, column], wanted.boxes)
    return OBJECT * (EMPTY * empty + (1 - EMPTY) * there) + BOX * boxes.mean()


def assigned(cells: Cells, views: Views) -> tuple[Wanted, Tensor]:
    """Which cells answer for which object, and the kinds (P,) of these."""
    _, height, width = cells.objectness.shape
    size = torch.tensor([width, height])
    view, number = torch.nonzero(views.kinds != NOBODY, as_tuple=True)
    boxes = views.boxes[view, number]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 * size
    around = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]])
    corner = (centre.floor().long()[:, None] + around).clamp(max=size - 1)  # (M, 4, 2)
    column, row = corner[..., 0], corner[..., 1]
    counts = torch.ones_like(cells.objectness, dtype=torch.bool)
    counts[view[:, None], row, column] = False
    reached = generalised_iou(
        cells.boxes[view[:, None], row, column], boxes[:, None].expand(-1, 4, -1)
    )
    best = reached.detach().topk(ANSWERING, dim=1).indices
    asked = views.asked[view, number][:, None].expand(-1, ANSWERING)
    own = (view[:, None].expand(-1, ANSWERING)[asked], row.gather(1, best)[asked],
           column.gather(1, best)[asked])  # fmt: skip
    mine = boxes[:, None].expand(-1, ANSWERING, -1)[asked]
    kinds = views.kinds[view, number][:, None].expand(-1, ANSWERING)[asked]
    objectness = torch.zeros_like(cells.objectness)
    objectness[own] = plain_iou(cells.boxes[own], mine).detach()
    counts[own] = True
    return Wanted(objectness, counts, own, mine), kinds


def plain_iou(a: Tensor, b: Tensor) -> Tensor:
    """Two (..., 4) -> (...)"""
    common, union, _ = areas(a, b)
    return common / union


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU (Rezatofighi et al. 2019, arXiv:1902.09630): two (..., 4) -> (...), -1..1"""
    common, union, hull = areas(a, b)
    return common / union - (hull - union) / hull


def areas(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Intersection, union, and box around both."""
    tiny = 1e-9
    common = extent(torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:]))
    each = extent(a[..., :2], a[..., 2:]) + extent(b[..., :2], b[..., 2:])
    hull = extent(torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:]))
    return common, each - common + tiny, hull + tiny


def extent(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp_min(0).prod(-1)
