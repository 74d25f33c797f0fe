"""Is an explanation true?  Measured on the network that it speaks of, not asserted.

Deletion and insertion (Petsiuk, Das & Saenko 2018, arXiv:1806.07421, section 3.3), the pointing
game (Zhang et al. 2018, section 4.1), and the check that a map depends on what was learnt (Adebayo
et al. 2018, arXiv:1810.03292).
B maps of (H, W), T neighbouring frames, N pictures.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEPS = 16  # of the curves

Score = Callable[[Tensor], Tensor]  # pictures (N, 3, H, W) -> how much of the effect is left (N,)
Network = TypeVar("Network", bound=nn.Module)


def deletion(
    score: Score, x: Tensor, relevance: Tensor, blank: Tensor, steps: int = STEPS
) -> Tensor:
    """The score while the most relevant pixels are taken out first: (steps + 1,), share 0 .. 1.

    x, blank: (3, H, W), pixels of blank take the place      relevance: (H, W)
    """
    gone = most_relevant(relevance, steps)[:, None]
    return score(torch.where(gone, blank, x))


def insertion(
    score: Score, x: Tensor, relevance: Tensor, blank: Tensor, steps: int = STEPS
) -> Tensor:
    """The score while the most relevant pixels are put into `blank` first: (steps + 1,)"""
    return deletion(score, blank, relevance, x, steps)


def most_relevant(relevance: Tensor, steps: int) -> Tensor:
    """The first 0, 1/steps, 2/steps .. of the pixels by relevance: (H, W) -> (steps + 1, H, W)

    Equals in reading order.
    """
    flat = relevance.flatten()
    rank = torch.empty_like(flat, dtype=torch.long)
    rank[flat.argsort(descending=True, stable=True)] = torch.arange(len(flat)).to(rank)
    counts = (torch.arange(steps + 1).to(rank) * len(flat)).div(steps, rounding_mode="floor")
    return (rank < counts[:, None]).view(-1, *relevance.shape)


def area(curve: Tensor) -> float:
    """Mean height of a curve over the share 0 .. 1 of pixels; deletion: low is good"""
    return float(torch.trapezoid(curve) / (len(curve) - 1))


def points_at(relevance: Tensor, mask: Tensor, margin_px: int = 0) -> Tensor:
    """Whether each map is largest inside its mask, or within margin_px of it.

    relevance: (B, H, W)      mask: (B, H, W) bool      returns: (B,) bool
    """
    wide = F.max_pool2d(mask.float()[:, None], 2 * margin_px + 1, 1, margin_px)[:, 0]
    return wide.flatten(1).gather(1, relevance.flatten(1).argmax(1, keepdim=True))[:, 0] > 0


def rank_correlation(one: Tensor, other: Tensor) -> Tensor:
    """Spearman's: 1 same order of pixels, 0 none in common.  Two (B, H, W) -> (B,); flat: 0"""
    a, b = (centred_ranks(part.flatten(1)) for part in (one, other))
    scale = (a.square().sum(1) * b.square().sum(1)).sqrt()
    return (a * b).sum(1) / scale.where(scale > 0, 1.0)


def centred_ranks(values: Tensor) -> Tensor:
    """Rank of each value in its row, equals share the mean rank; mean 0.  (B, n) -> (B, n)"""
    ordered = values.sort(1).values.contiguous()
    first, behind = (
        torch.searchsorted(ordered, values.contiguous(), right=right).double()
        for right in (False, True)
    )
    rank = (first + behind - 1) / 2
    return rank - rank.mean(1, keepdim=True)


def stability(maps: Tensor) -> Tensor:
    """Rank correlation of each map with the one before it: (T, H, W) -> (T - 1,)"""
    return rank_correlation(maps[:-1], maps[1:])


def randomised(network: Network, seed: int) -> Network:
    """A copy that learnt nothing: every weight tensor shuffled, what is calm to it left alone.

    A map of it that looks like the map of `network` explains the input, not the network.
    """
    blank, chance = copy.deepcopy(network), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, values in blank.state_dict().items():
            if not name.startswith("calm"):
                order = torch.randperm(values.numel(), generator=chance)
                values.copy_(values.flatten()[order.to(values.device)].view_as(values))
    return blank
