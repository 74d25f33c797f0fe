"""How unsure the segmentation is: free energy (Liu et al. 2020, arXiv:2010.03759) and entropy.

B batch, K classes, H rows, W columns of the logits.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

MAP = (16, 32)  # rows and columns of the map that is handed out
HIGH = 0.9  # quantile


class Doubt(NamedTuple):
    facts: Tensor  # (B, 5): mean and high energy, mean and high entropy, mean certainty
    energy: Tensor  # (B, 16, 32)


def energy_map(logits: Tensor) -> Tensor:
    """-log of the sum of exponentials: high where no class speaks up.  (B, K, H, W) -> (B, H, W)"""
    return -logits.logsumexp(dim=1)


def doubt(logits: Tensor) -> Doubt:
    """(B, K, H, W) -> what is left of them"""
    energy = energy_map(logits)
    shares = logits.softmax(dim=1)
    entropy = -(shares * shares.clamp_min(1e-9).log()).sum(dim=1)
    parts = [
        energy.mean(dim=(1, 2)),
        high(energy),
        entropy.mean(dim=(1, 2)),
        high(entropy),
        shares.amax(dim=1).mean(dim=(1, 2)),
    ]
    return Doubt(torch.stack(parts, dim=1), F.adaptive_avg_pool2d(energy[:, None], MAP)[:, 0])


def high(values: Tensor) -> Tensor:
    """(B, H, W) -> (B,)"""
    return values.flatten(1).quantile(HIGH, dim=1)
