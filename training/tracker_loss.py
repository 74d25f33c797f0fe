"""LoRAT's loss (arXiv:2403.05231, section 3.3): every token that touches the target answers.

Its score should be the overlap that its own box reaches, its box should overlap the target's; both
sums are divided by the number of such tokens.
B batch, K tokens.
"""

from __future__ import annotations

import torch
import torch.distributed
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-6  # smallest area that is divided by


def tracker_loss(scores: Tensor, boxes: Tensor, truth: Tensor, covered: Tensor) -> Tensor:
    """scores: (B, K) logits      boxes: (B, K, 4)      truth: (B, 4)      covered: (B, K) bool"""
    overlap, generalised = ious(boxes, truth[:, None])
    wanted = torch.where(covered, overlap.detach(), 0.0)
    classify = F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum")
    regress = ((1 - generalised) * covered).sum()
    return (classify + regress) / answering(covered)


def answering(covered: Tensor) -> Tensor:
    """Number of tokens that touch their target, at least 1; with several processes, their mean."""
    count = covered.sum().float()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(count)
        count /= torch.distributed.get_world_size()
    return count.clamp(min=1)


def ious(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union, and its generalised form (Rezatofighi et al. 2019), of boxes."""
    inner = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(0)
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    both = inner.prod(dim=-1)
    union = (area(a) + area(b) - both).clamp(min=EPS)
    around = hull.prod(dim=-1).clamp(min=EPS)
    return both / union, both / union - (around - union) / around


def area(box: Tensor) -> Tensor:
    return (box[..., 2:] - box[..., :2]).prod(dim=-1)
