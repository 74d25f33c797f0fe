"""Losses of segmentation: cross entropy over the labelled pixels, or over the hard ones only.

Online hard example mining (Shrivastava et al. 2016, arXiv:1604.03540) as HRNet applied it to
Cityscapes (Wang et al. 2019, arXiv:1908.07919).  FFNet's own Cityscapes recipe is not public.
B batch, K classes, H rows, W columns.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from road_clarity.training.labelled import VOID

SURE = 0.9  # probability of the right class from which a pixel is easy
FEWEST = 131_072  # hardest pixels of a batch that are kept in any case


def cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over the labelled pixels, weighted by class.

    logits: (B, K, H, W)      labels: (B, H, W) int64, VOID does not count      weights: (K,)
    """
    return F.cross_entropy(logits, labels, weight=weights, ignore_index=VOID)


def hard_cross_entropy(
    logits: Tensor, labels: Tensor, sure: float = SURE, fewest: int = FEWEST
) -> Tensor:
    """Mean over the pixels whose class is not yet sure, and over at least the `fewest` hardest.

    logits: (B, K, H, W)      labels: (B, H, W) int64, VOID does not count
    """
    losses = F.cross_entropy(logits, labels, ignore_index=VOID, reduction="none")
    losses = losses[labels != VOID]  # (pixels,)
    hard = losses > -math.log(sure)
    kept = losses[hard] if hard.sum() >= fewest else losses.topk(min(fewest, len(losses))).values
    return kept.sum() / max(len(kept), 1)  # views without a labelled pixel teach nothing
