"""What calm frames look like: spreads and sorted scores, kept as buffers inside the weights file.

Conformal p-values after Vovk, Gammerman & Shafer 2005: of N calm frames, how many were at least
this strange?
D latent dimensions; nan until calibrated.
"""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor, nn

ORDER_STATISTICS = 1023  # kept of the calm scores


class CalmScores(nn.Module):
    """Sorted scores of N calm frames."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("sorted", torch.full((ORDER_STATISTICS,), math.nan))
        self.register_buffer("frames", torch.zeros((), dtype=torch.int64))  # N

    def fit(self, scores: Tensor) -> None:
        """scores: (N,)"""
        ranks = torch.linspace(0, len(scores) - 1, ORDER_STATISTICS).round().long()
        self.get_buffer("sorted").copy_(scores.sort().values[ranks])
        self.get_buffer("frames").fill_(len(scores))

    def p_value(self, score: float) -> float:
        """(1 + calm scores >= score) / (N + 1), in (0, 1]; nan for nan and when not calibrated"""
        calm, n = self.get_buffer("sorted"), int(self.get_buffer("frames"))
        if math.isnan(score) or n == 0:
            return math.nan
        return (1 + n * float((calm >= score).float().mean())) / (n + 1)


class CalmSpread(nn.Module):
    """Says by how many standard deviations a value is larger than on calm frames."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full(shape, math.nan))
        self.register_buffer("deviation", torch.full(shape, math.nan))

    def fit(self, calm: Tensor) -> None:
        """calm: (N, *shape)"""
        self.get_buffer("mean").copy_(calm.mean(0))
        self.get_buffer("deviation").copy_(calm.std(0))

    def forward(self, x: Tensor) -> Tensor:
        """(B, *shape) -> the same"""
        return (x - self.get_buffer("mean")) / self.get_buffer("deviation")


class Whitening(nn.Module):
    """Squared Mahalanobis distance to calm vectors: a calm vector lies at about D."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((dimensions,), math.nan))
        self.register_buffer("matrix", torch.full((dimensions, dimensions), math.nan))

    def fit(self, calm: Tensor, floor: float = 1e-4) -> None:
        """calm: (N, D).  floor: smallest variance, so that silent dimensions stay silent."""
        values, vectors = torch.linalg.eigh(calm.double().T.cov())
        matrix = (vectors * values.clamp_min(floor).rsqrt()) @ vectors.T  # covariance^(-1/2)
        self.get_buffer("mean").copy_(calm.mean(0))
        self.get_buffer("matrix").copy_(matrix)

    def white(self, x: Tensor) -> Tensor:
        """The vector in calm standard deviations, which do not depend on each other: (B, D)"""
        whitened: Tensor = (x - self.get_buffer("mean")) @ self.get_buffer("matrix")
        return whitened

    def forward(self, x: Tensor) -> Tensor:
        """(B, D) -> (B,)"""
        return self.white(x).square().sum(-1)


def calibration_id(*parts: nn.Module) -> str:
    """First 12 hex digits of the sha256 over all calibration arrays, by name."""
    digest = hashlib.sha256()
    for part in parts:
        for name, values in sorted(part.named_buffers()):
            digest.update(name.encode() + values.float().cpu().numpy().tobytes())
    return digest.hexdigest()[:12]
