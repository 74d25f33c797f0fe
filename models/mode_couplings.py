"""The slow modes drive the fast ones: what coarse graining left out follows from what it kept.

Modes that were not kept are uncorrelated with the kept ones, but not independent of them: beyond
Gaussian order, integrating modes out leaves couplings among those that stay.  To second order a
fast mode is a sum over pairs of latents, a_k = offset_k + sum_{i<=j} coupling_k,ij z_i z_j, found
by ridge regression in closed form.  How strong the ridge is, clips decide that were left out.
N frames, D latents, P = D (D + 1) / 2 pairs, M fast modes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

CALM = 3.0  # deviations of a latent beyond which its products grow no more
FOLDS = 5  # parts of the clips, each left out once
# Ridge over the mean variance of a product; inf: the fast modes follow nothing.
STRENGTHS = (0.1, 0.3, 0.6, 1.0, 2.0, 4.0, 10.0, 30.0, math.inf)


class Couplings(NamedTuple):
    """What M fast modes follow."""

    weights: Tensor  # (M, P)
    offset: Tensor  # (M,)
    strength: float  # of the ridge, one of STRENGTHS


class Sums(NamedTuple):
    """All that a regression of amplitudes on products needs to know of some weighted frames."""

    weight: Tensor  # ()
    products: Tensor  # (P,)
    amplitudes: Tensor  # (M,)
    squares: Tensor  # (P, P)
    mixed: Tensor  # (P, M)

    def without(self, other: Sums) -> Sums:
        return Sums(*(whole - part for whole, part in zip(self, other, strict=True)))


def pairs(latents: int) -> Tensor:
    """i and j of every pair, i <= j: (2, P)"""
    return torch.triu_indices(latents, latents)


def products(z: Tensor) -> Tensor:
    """z_i z_j of every pair: (B, D) -> (B, P)

    Each z is held within CALM: a square explodes where no calm frame ever was.
    """
    i, j = pairs(z.shape[1])
    held = z.clamp(-CALM, CALM)
    return held[:, i] * held[:, j]


def product_slopes(z: Tensor) -> Tensor:
    """Change of every product with every latent: (D,) -> (D, P)"""
    latents = torch.arange(len(z), device=z.device)[:, None]
    i, j = pairs(len(z)).to(z.device)
    held, moves = z.clamp(-CALM, CALM), (z.abs() < CALM).to(z.dtype)
    slopes: Tensor = (latents == i) * moves[i] * held[j] + (latents == j) * moves[j] * held[i]
    return slopes


def frame_weights(clips: Tensor) -> Tensor:
    """How much each frame counts, from the number of its clip (N,): (N,)

    A clip counts by the root of its length: its frames resemble each other.
    """
    _, of, frames = clips.unique(return_inverse=True, return_counts=True)
    weights: Tensor = frames[of].double().rsqrt()
    return weights


def fit_couplings(z: Tensor, amplitudes: Tensor, clips: Tensor) -> Couplings:
    """z: (N, D)      amplitudes: (N, M)      clips: (N,) number of the clip of each frame

    Neighbouring numbers are left out together: clips of one street follow each other.
    """
    numbers, of = clips.unique(return_inverse=True)
    folds, weights = of * FOLDS // max(FOLDS, len(numbers)), frame_weights(clips)
    parts = [
        summed(z[folds == fold], amplitudes[folds == fold], weights[folds == fold])
        for fold in folds.unique()
    ]
    whole = Sums(*(sum(values[1:], values[0]) for values in zip(*parts, strict=True)))
    errors = torch.zeros(len(STRENGTHS), dtype=torch.float64)
    for part in parts if len(parts) > 1 else []:
        rest = whole.without(part)
        errors += torch.stack([left_out(part, *ridge(rest, s)) for s in STRENGTHS])
    strength = STRENGTHS[int(errors.argmin())] if len(parts) > 1 else math.inf
    found, offset = ridge(whole, strength)
    return Couplings(found.T, offset, strength)


def summed(z: Tensor, amplitudes: Tensor, weights: Tensor) -> Sums:
    p, a = products(z.double()), amplitudes.double()
    each = p * weights[:, None]
    return Sums(weights.sum(), each.sum(0), weights @ a, each.T @ p, each.T @ a)


def ridge(sums: Sums, strength: float) -> tuple[Tensor, Tensor]:
    """Weights (P, M) and offset (M,)"""
    mean, wanted = sums.products / sums.weight, sums.amplitudes / sums.weight
    if math.isinf(strength):
        return torch.zeros_like(sums.mixed), wanted
    covariance = sums.squares / sums.weight - mean.outer(mean)
    level = strength * covariance.diagonal().mean().clamp_min(1e-12)
    covariance.diagonal().add_(level)
    weights = torch.linalg.solve(covariance, sums.mixed / sums.weight - mean.outer(wanted))
    return weights, wanted - mean @ weights


def left_out(sums: Sums, weights: Tensor, offset: Tensor) -> Tensor:
    """Squared error on frames that were left out, less what does not hang on the weights: ()

    |a - o - W p|^2 = |a|^2 - 2 a . (o + W p) + |o + W p|^2
    """
    told = sums.amplitudes @ offset + (sums.mixed * weights).sum()
    drawn = (weights * (sums.squares @ weights)).sum() + 2 * (sums.products @ weights) @ offset
    return drawn + sums.weight * offset.square().sum() - 2 * told
