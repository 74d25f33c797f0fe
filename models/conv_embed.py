"""Tokens from a convolutional network instead of single patches.

"Early Convolutions Help Transformers See Better" (Xiao et al. 2021, arXiv:2106.14881), here with an
EfficientNet-Lite0 that knows ImageNet: a small transformer without large pretraining then matches
features instead of learning to see first.
B batch, D embedding dimensions, n tokens per row of the image.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.efficientnet_lite import FEATURE_CHANNELS, EfficientNetLite0

STRIDE = 16  # of the coarser features


class ConvEmbed(nn.Module):
    """(B, 3, patch n, patch n) -> (B, n * n, D)

    The image is enlarged from `patch` pixels per token to the stride of the features; finer
    features join in as four neighbours per token.
    """

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.trunk = EfficientNetLite0(exact=1)
        near, far = FEATURE_CHANNELS
        self.norm = nn.LayerNorm(far + 4 * near)
        self.proj = nn.Linear(far + 4 * near, width)

    def train(self, mode: bool = True) -> ConvEmbed:
        super().train(mode)
        self.trunk.eval()  # ImageNet's batch statistics are better than those of a few crops
        return self

    def forward(self, image: Tensor) -> Tensor:
        side = image.shape[-1] // self.patch * STRIDE
        enlarged = F.interpolate(image, (side, side), mode="bilinear", align_corners=False)
        near, far = self.trunk(enlarged.contiguous(memory_format=torch.channels_last))
        seen = torch.cat([far, F.pixel_unshuffle(near, 2)], dim=1)  # (B, 272, n, n)
        tokens: Tensor = self.proj(self.norm(seen.flatten(2).transpose(1, 2).float()))
        return tokens
