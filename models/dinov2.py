"""DINOv2 (Oquab et al. 2023, arXiv:2304.07193), and its published weights beneath a LoRAT.

LoRAT's authors publish only what they trained: adaptations, token types and head.  All else is
DINOv2's, whose class and mask token the tracker does not use and whose 37 x 37 positions it resizes
to the grid of its search region.
B batch, D embedding dimensions, h rows and w columns of patches, n tokens per row of the search
region.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.lora import DOWN
from road_clarity.models.vit import PatchEmbed, VisionTransformer, VitSize

UNUSED = ("cls_token", "mask_token")
SIDE = 37  # patches per row of the 518 x 518 images that DINOv2 was trained on
EXCESS = 0.1  # of a patch, in the scale by which DINOv2 itself resizes its positions
NAMES = {f"dinov2_vit{size}14": size for size in "sblg"}  # as published -> our size
FILES = {size: f"dinov2_vit{size}14_pretrain.pth" for size in "sblg"}  # as published


class Dinov2(VisionTransformer):
    """Normalised (B, 3, 14 h, 14 w) -> (B, 1 + h w, D) features, the class token's first."""

    patch_embed: PatchEmbed

    def __init__(self, size: VitSize) -> None:
        super().__init__(size, SIDE)
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + SIDE * SIDE, size.width))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.mask_token = nn.Parameter(torch.zeros(1, size.width))  # stands for hidden patches

    def forward(self, image: Tensor) -> Tensor:
        patches = self.patch_embed.proj(image)  # (B, D, h, w)
        patches = (patches + self.places(*patches.shape[2:])).flatten(2).transpose(1, 2)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(image), -1, -1)
        return self.mix(torch.cat([first, patches], dim=1))

    def places(self, rows: int, columns: int) -> Tensor:
        """(1, D, rows, columns) positions of the patches"""
        grid: Tensor = self.pos_embed[:, 1:].unflatten(1, (SIDE, SIDE)).permute(0, 3, 1, 2)
        if (rows, columns) == (SIDE, SIDE):
            return grid
        scale = ((rows + EXCESS) / SIDE, (columns + EXCESS) / SIDE)
        return F.interpolate(grid, scale_factor=scale, mode="bicubic")


def trunk(base: Mapping[str, Tensor], side: int) -> dict[str, Tensor]:
    """A published DINOv2 state dict -> what a plain LoRAT has of it, for n = side."""
    state = {key: value for key, value in base.items() if key not in UNUSED}
    state["pos_embed"] = resized(state["pos_embed"][:, 1:], side)  # the class token's goes
    return state


def resized(places: Tensor, side: int) -> Tensor:
    """Positions of a square grid on another, bicubic.  (1, N, D) -> (1, side^2, D)

    By the size of the result, where DINOv2's own code scales by a slightly larger factor.
    """
    before = math.isqrt(places.shape[1])
    grid = places.float().unflatten(1, (before, before)).permute(0, 3, 1, 2)  # (1, D, H, W)
    if before != side:
        grid = F.interpolate(grid, size=(side, side), mode="bicubic")
    out: Tensor = grid.flatten(2).transpose(1, 2).to(places.dtype).contiguous()
    return out


def beneath(plain: Mapping[str, Tensor], adapted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The trunk under the names it has beneath adaptations, so that both can be merged.

    plain: from `trunk`      adapted: a state dict with the adaptations
    """
    out: dict[str, Tensor] = {}
    for key, value in plain.items():
        layer, _, kind = key.rpartition(".")
        if layer.endswith(".qkv"):
            for part, third in zip("qkv", value.chunk(3), strict=True):
                out[f"{layer}.{part}.linear.{kind}"] = third
        elif layer + DOWN in adapted:
            out[f"{layer}.linear.{kind}"] = value
        else:
            out[key] = value
    return out
