"""What LoRAT sees of a frame, and how its answer gets back into the frame.

Lin et al. 2024, arXiv:2403.05231, section 3, and its published code.  The search region is a square
around the target's last box; what lies outside the frame is filled with the frame's mean colour.
H, W: size of the frame; n: tokens per row of a region.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.vit import PATCH

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
SMALLEST_PX = 10.0  # sides of a target are enlarged to this before its region is cut
PENALTY = 0.45  # share of the Hann window in the score that picks the token
EDGE_SLACK = 1e-4  # [tokens] a box may reach right or down into a token without covering it

Box = tuple[float, float, float, float]  # x0, y0, x1, y1


@dataclass(frozen=True)
class Affine:
    """From frame to region, along each axis: scale * x + shift."""

    scale: tuple[float, float]
    shift: tuple[float, float]

    def to_region(self, box: Box) -> Box:
        (sx, sy), (tx, ty) = self.scale, self.shift
        return box[0] * sx + tx, box[1] * sy + ty, box[2] * sx + tx, box[3] * sy + ty

    def to_frame(self, box: Box) -> Box:
        (sx, sy), (tx, ty) = self.scale, self.shift
        return (box[0] - tx) / sx, (box[1] - ty) / sy, (box[2] - tx) / sx, (box[3] - ty) / sy


@dataclass(frozen=True, eq=False)
class Region:
    """A square cut out of a frame."""

    image: Tensor  # (3, side, side) colours in [0, 1]
    affine: Affine


def normalise(images: Tensor) -> Tensor:
    """(B, 3, H, W) RGB in [0, 1] -> as the network was trained to see it"""
    mean, std = (images.new_tensor(c).view(3, 1, 1) for c in (IMAGENET_MEAN, IMAGENET_STD))
    return (images - mean) / std


def mean_colour(frame: Tensor) -> Tensor:
    """(H, W, 3) uint8 -> (3,) in [0, 1].  Every fourth row and column tell it well enough."""
    return frame[::4, ::4].float().mean(dim=(0, 1)) / 255


def enlarged(box: Box) -> Box:
    """The box with sides of at least SMALLEST_PX about the same centre."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    w, h = max(box[2] - box[0], SMALLEST_PX), max(box[3] - box[1], SMALLEST_PX)
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def around(box: Box, factor: float, side: int) -> Affine:
    """The region of `side` pixels about a box: its area is that of the padded box."""
    w, h = box[2] - box[0], box[3] - box[1]
    padding = (factor - 1) * (w + h) / 2
    scale = side / math.sqrt((w + padding) * (h + padding))
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return Affine((scale, scale), (side / 2 - x * scale, side / 2 - y * scale))


@dataclass(frozen=True)
class Aligned:
    """A region whose edges lie on whole pixels, of the frame and of the region."""

    source: tuple[int, int, int, int]  # x0, y0, x1, y1 in the frame [px]
    target: tuple[int, int, int, int]  # where that part of the frame shows in the region [px]
    affine: Affine  # from the one to the other


def aligned(wanted: Affine, side: int, width: int, height: int) -> Aligned | None:
    """What a frame of that size shows of the region; None when it shows nothing."""
    left, top, right, bottom = wanted.to_frame((0, 0, side, side))
    x = (max(0, round(left)), min(width, round(right)))
    y = (max(0, round(top)), min(height, round(bottom)))
    if x[0] >= x[1] or y[0] >= y[1]:
        return None
    inside = wanted.to_region((x[0], y[0], x[1], y[1]))
    x0, y0, x1, y1 = (min(max(round(edge), 0), side) for edge in inside)
    if x0 >= x1 or y0 >= y1:
        return None
    scale = ((x1 - x0) / (x[1] - x[0]), (y1 - y0) / (y[1] - y[0]))
    affine = Affine(scale, (x0 - x[0] * scale[0], y0 - y[0] * scale[1]))
    return Aligned((x[0], y[0], x[1], y[1]), (x0, y0, x1, y1), affine)


def cut(frame: Tensor, wanted: Affine, side: int, fill: Tensor) -> Region:
    """Cut along whole pixels; the affine of the region is the one really used.

    frame: (H, W, 3) uint8      fill: (3,) colour of what lies outside
    """
    image = fill.view(3, 1, 1).expand(3, side, side).clone()
    place = aligned(wanted, side, frame.shape[1], frame.shape[0])
    if place is None:
        return Region(image, wanted)
    (left, top, right, bottom), (x0, y0, x1, y1) = place.source, place.target
    source = frame[top:bottom, left:right].permute(2, 0, 1)[None].float() / 255
    image[:, y0:y1, x0:x1] = F.interpolate(
        source, size=(y1 - y0, x1 - x0), mode="bilinear", align_corners=False
    )[0]
    return Region(image, place.affine)


def foreground(box: Box, side: int) -> Tensor:
    """(n, n) integers: 1 for the tokens of a region of `side` pixels that the box touches."""
    n = side // PATCH
    x0, y0, x1, y1 = (edge / PATCH for edge in box)
    columns = slice(max(math.floor(x0), 0), max(math.floor(x1 + 1 - EDGE_SLACK), 0))
    rows = slice(max(math.floor(y0), 0), max(math.floor(y1 + 1 - EDGE_SLACK), 0))
    mask = torch.zeros(n, n, dtype=torch.long)
    mask[rows, columns] = 1
    return mask


def hann_window(n: int) -> Tensor:
    """(n, n): 1 in the middle, 0 at the border; targets move little from frame to frame."""
    line = torch.hann_window(n, periodic=False)
    return line[:, None] * line


def best_token(score_map: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
    """(B, n, n) logits, (n, n) -> index of the chosen token and its own score, each (B,)"""
    chosen = penalised(score_map, window).argmax(dim=1)
    return chosen, score_map.sigmoid().flatten(1).gather(1, chosen[:, None])[:, 0]


def penalised(score_map: Tensor, window: Tensor) -> Tensor:
    """What every token is worth, far from the middle less.  (B, n, n), (n, n) -> (B, n * n)"""
    return score_map.sigmoid().flatten(1) * (1 - PENALTY) + window.flatten() * PENALTY


def clipped(box: Box, width: int, height: int) -> Box | None:
    """The part of the box inside the frame, or None when nothing is left."""
    x0, y0 = max(box[0], 0.0), max(box[1], 0.0)
    x1, y1 = min(box[2], float(width)), min(box[3], float(height))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
