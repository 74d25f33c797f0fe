"""SCNN's published loss (Pan et al. 2018, section 3).  B batch, H rows, W columns."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.scnn import STRIDE, LaneMaps

CLASS_WEIGHTS = (0.4, 1.0, 1.0, 1.0, 1.0)  # background is most of the image
EXISTENCE_WEIGHT = 0.1
UNKNOWN = 255  # class that the loss leaves out


class LaneBatch(NamedTuple):
    """Images with what is to be said about them; without the B it is one sample."""

    image: Tensor  # (B, H, W, 3) uint8 RGB
    classes: Tensor  # (B, H, W) uint8: 0 background, 1..4 lanes, UNKNOWN
    existence: Tensor  # (B, 4) float32: 0 or 1, nan where nobody knows


def lane_loss(maps: LaneMaps, wanted: LaneBatch) -> Tensor:
    """Cross-entropy at the image's resolution plus 0.1 times that of existence."""
    full = at_image_size(maps.logits)
    weights = full.new_tensor(CLASS_WEIGHTS)
    pixels = F.cross_entropy(full, wanted.classes.long(), weight=weights, ignore_index=UNKNOWN)
    known = ~wanted.existence.isnan()
    there = F.binary_cross_entropy(maps.existence[known], wanted.existence[known])
    return pixels + EXISTENCE_WEIGHT * there


def at_image_size(logits: Tensor) -> Tensor:
    """(B, 5, H / 8, W / 8) -> (B, 5, H, W)"""
    return F.interpolate(logits, scale_factor=STRIDE, mode="bilinear", align_corners=True)
