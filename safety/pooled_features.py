"""Features of a network that runs anyway, pooled over the picture: what the frame is like to it.

B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pooled(features: Tensor) -> Tensor:
    """Mean and spread of every channel: (B, C, H, W) -> (B, 2C)

    By sums over places, all channels of a place side by side as the networks answer: torch.std_mean
    over places is slow on that layout.
    """
    beside = features.float().permute(0, 2, 3, 1).flatten(1, 2)  # (B, H W, C)
    places = beside.shape[1]
    mean = beside.mean(dim=1)
    squares = beside.square().mean(dim=1)
    variance = (squares - mean.square()).clamp_min(0.0) * (places / max(places - 1, 1))
    return torch.cat([mean, variance.sqrt()], dim=1)
