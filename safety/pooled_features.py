"""Features of a network that runs anyway, pooled over the picture: what the frame is like to it.

B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pooled(features: Tensor) -> Tensor:
    """Mean and spread of every channel: (B, C, H, W) -> (B, 2C)"""
    flat = features.float().flatten(2)
    spread, mean = torch.std_mean(flat, dim=2)
    return torch.cat([mean, spread], dim=1)
