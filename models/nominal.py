"""What calm frames look like: their scores and their latent spread, kept as buffers inside the weights file.

Conformal p-values after Vovk, Gammerman & Shafer 2005: of n calm frames, how many were at least this strange?
N calm frames, D latent dimensions, T any number of steps.
"""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor, nn

CALM_FRAMES = 1023  # order statistics kept per kind of score; the smallest p-value is 1 in 1024


class CalmScores(nn.Module):
    """Sorted scores of calm frames, one row per kind of score; nan until calibrated."""

    def __init__(self, *kinds: str) -> None:
        super().__init__()
        for kind in kinds:
            self.register_buffer(kind, torch.full((CALM_FRAMES,), math.nan))

    def set(self, kind: str, scores: Tensor) -> None:
        """Keep CALM_FRAMES evenly spaced order statistics of the calm scores (N,)."""
        ranks = torch.linspace(0, len(scores) - 1, CALM_FRAMES).round().long()
        self.get_buffer(kind).copy_(scores.sort().values[ranks])

    def p_value(self, kind: str, score: float) -> float:
        """(1 + calm scores >= score) / (n + 1), in (0, 1]; nan when score or calibration is nan."""
        calm = self.get_buffer(kind)
        if math.isnan(score) or bool(calm.isnan().any()):
            return math.nan
        return (1 + int((calm >= score).sum())) / (len(calm) + 1)


class Whitening(nn.Module):
    """Squared Mahalanobis distance to calm vectors: a calm vector lies at about D."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimensions))
        self.register_buffer("matrix", torch.eye(dimensions))  # (D, D), its square is covariance^-1

    def fit(self, calm: Tensor, floor: float = 1e-4) -> None:
        """calm: (N, D).  floor: smallest variance that counts, so that silent dimensions stay silent."""
        values, vectors = torch.linalg.eigh(calm.double().T.cov())
        matrix = (vectors * values.clamp_min(floor).rsqrt()) @ vectors.T
        self.get_buffer("mean").copy_(calm.mean(0))
        self.get_buffer("matrix").copy_(matrix)

    def forward(self, x: Tensor) -> Tensor:
        """(T, D) -> (T,)"""
        centred = x - self.get_buffer("mean")
        return (centred @ self.get_buffer("matrix")).square().sum(-1)


def calibration_id(*parts: nn.Module) -> str:
    """First 12 hex digits of the sha256 over the calibration arrays, in the order of their names."""
    digest = hashlib.sha256()
    for part in parts:
        for name, values in sorted(part.named_buffers()):
            digest.update(name.encode() + values.float().cpu().numpy().tobytes())
    return digest.hexdigest()[:12]
