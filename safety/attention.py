"""How well a map agrees with where somebody looked, or with what was about to matter.

The measures of saliency research (Bylinskii et al. 2019, "What do different evaluation metrics tell
us about saliency models?", arXiv:1604.03605, section 4).
B maps of (H, W); fixated: bool, pixels that were looked at; density: how much, >= 0.  Every answer
is (B,), nan where nothing was looked at.
"""

from __future__ import annotations

import torch
from torch import Tensor

TINY = torch.finfo(torch.float64).eps
FLAT = 1e-9  # deviation over largest value below which a map is flat but for rounding


def nss(salience: Tensor, fixated: Tensor) -> Tensor:
    """Normalised scanpath salience: mean of the standardised map where it was looked at.

    Chance is 0, and so is a flat map.
    """
    looked = fixated.flatten(1).double()
    return (standardised(salience) * looked).sum(1) / looked.sum(1)


def correlation(salience: Tensor, density: Tensor) -> Tensor:
    """CC: Pearson's, 1 for equal up to scale."""
    both = standardised(salience) * standardised(density)
    return both.mean(1).where(density.flatten(1).sum(1) > 0, torch.nan)


def divergence(salience: Tensor, density: Tensor) -> Tensor:
    """KLD [nats]: what is lost when the map (>= 0) stands in for the density; 0 for equal."""
    expected, seen = distribution(salience), distribution(density)
    return (seen * (TINY + seen / (expected + TINY)).log()).sum(1)


def similarity(salience: Tensor, density: Tensor) -> Tensor:
    """SIM: what map (>= 0) and density have in common, 0..1."""
    return torch.minimum(distribution(salience), distribution(density)).sum(1)


def auc_judd(salience: Tensor, fixated: Tensor) -> Tensor:
    """Area under the curve of fixated against other pixels above each fixated pixel's value.

    Straight lines between those values, as Judd et al. 2009 draw it: kind to few fixations.
    """
    rows = zip(salience.flatten(1).double(), fixated.flatten(1), strict=True)
    return torch.stack([one_auc(values, looked) for values, looked in rows])


def one_auc(values: Tensor, looked: Tensor) -> Tensor:
    """Two (n,) -> scalar"""
    hits, others = values[looked].sort().values, values[~looked].sort().values
    if not len(hits) or not len(others):
        return torch.tensor(torch.nan, dtype=values.dtype)
    limits = hits.unique().flip(0)
    ends = [values.new_zeros(1), values.new_ones(1)]
    found, false = (
        torch.cat([ends[0], 1 - torch.searchsorted(part, limits) / len(part), ends[1]])
        for part in (hits, others)
    )
    return torch.trapezoid(found, false)


def standardised(values: Tensor) -> Tensor:
    """(B, H, W) -> (B, H * W) of mean 0 and deviation 1; flat stays 0"""
    flat = values.flatten(1).double()
    centred = flat - flat.mean(1, keepdim=True)
    spread = centred.square().mean(1, keepdim=True).sqrt()
    flatness = FLAT * flat.abs().amax(1, keepdim=True)
    return centred.where(spread > flatness, 0.0) / spread.where(spread > flatness, 1.0)


def distribution(values: Tensor) -> Tensor:
    """(B, H, W) >= 0 -> (B, H * W) of sum 1; nan for nothing"""
    flat = values.flatten(1).double()
    return flat / flat.sum(1, keepdim=True)
