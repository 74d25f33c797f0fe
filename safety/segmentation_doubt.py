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
    """(B, K, H, W) -> what is left of them

    With p = e / s, where e = exp(logit - largest) and s is their sum: energy = -largest - log s,
    entropy = log s - sum of p (logit - largest), certainty = 1 / s.
    """
    beside = logits.permute(0, 2, 3, 1)  # (B, H, W, K), as the networks answer
    largest = beside.amax(dim=3)
    lower = (beside - largest[..., None]).contiguous()
    parts = lower.exp()
    total = parts.sum(dim=3)
    spread = total.log()
    energy = -largest - spread
    entropy = spread - (parts * lower).sum(dim=3) / total
    told = [
        energy.mean(dim=(1, 2)),
        high(energy),
        entropy.mean(dim=(1, 2)),
        high(entropy),
        total.reciprocal().mean(dim=(1, 2)),
    ]
    return Doubt(torch.stack(told, dim=1), F.adaptive_avg_pool2d(energy[:, None], MAP)[:, 0])


def high(values: Tensor) -> Tensor:
    """(B, H, W) -> (B,)"""
    flat = values.flatten(1)
    return flat.kthvalue(max(1, round(HIGH * flat.shape[1])), dim=1).values
