"""What the published FFNets look at: Cityscapes' 2048 x 1024, for phones smoothed and halved.

The members for phones (S and NS without `d`) were trained behind a fixed Gaussian of stride 2 and
then called directly with 1024 x 512; their published scores are those of the former.
B batch, H rows, W columns.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from road_clarity.models.ffnet import NAME

SIZE = (2048, 1024)  # W, H [px] of every published evaluation
SIGMA = 0.7  # [px]


def sees_half(member: str) -> bool:
    """Whether the published member of that name stands behind the Gaussian."""
    match = NAME.fullmatch(member)
    if match is None:
        return False
    _, family, halved, _, _, _, gpu = match.groups()
    return family in ("s", "ns") and not halved and gpu is None


def smoothed_half(images: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, 3, H/2 - 1, W/2 - 2), as published: mirrored above and below only"""
    line = gaussian().to(images)
    kernel = (line[:, None] * line).expand(3, 1, 5, 5)
    return F.conv2d(F.pad(images, (0, 0, 1, 1), mode="reflect"), kernel, stride=2, groups=3)


def gaussian() -> Tensor:
    """(5,) weights; what would fall beyond the fifth is folded back onto it"""
    weight = torch.exp(-0.5 * (torch.arange(4.0) / SIGMA) ** 2)
    weight = weight / (2 * weight.sum() - weight[0])
    middle, near, outer = weight[0], weight[1], weight[2] + weight[3]
    return torch.stack([outer, near, middle, near, outer])
