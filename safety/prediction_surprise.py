"""How predictable a moment was, and in which latents the prediction went wrong.

B steps, N moments, T steps of STEP_S, K steps ahead, D latents.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.safety.horizon import forecast
from road_clarity.safety.latent_history import check_calibrated, check_history

LEAST_ERROR = 1e-12  # below it an error counts as this, so that its logarithm is a number


@dataclass(frozen=True, eq=False)
class Predictability:
    """Of the dreams from N moments; errors in squared calm deviations."""

    errors: Tensor  # (N, K) of the dream, by horizon
    copied: Tensor  # (N, K) of latents that stay as they are
    growth: Tensor  # (N,) of the logarithm of the dream's error with the horizon [1/s]
    score: Tensor  # (N,) 1 perfect, 0.5 no better than nothing changing, towards 0 worse


@torch.no_grad()
def predictability(memory: LatentLstm, z: Tensor, primed: int, horizon: int) -> Predictability:
    """Dreams from every step of z (T, D), from step `primed` on, that leaves `horizon` to compare.

    horizon: at least 2 steps.  Raises BadInput for latents that are too few, nan or not its own.
    """
    check_history(memory, z, least=primed + 1 + horizon)
    check_calibrated(memory)
    now = z[primed : len(z) - horizon]
    seen = z[primed + 1 :].unfold(0, horizon, 1).transpose(1, 2)  # (N, K, D)
    dreams = forecast(memory, z[: len(z) - horizon], primed, horizon)
    errors, copied = (deviation(memory, guess - seen) for guess in (dreams, now[:, None]))
    total, still = errors.sum(1), copied.sum(1)
    score = (still + LEAST_ERROR) / (total + still + LEAST_ERROR)
    return Predictability(errors, copied, growth(errors), score)


def deviation(memory: LatentLstm, difference: Tensor) -> Tensor:
    """Squared length in calm deviations of one step, (..., D) -> (...); 0 for equal"""
    return (difference @ memory.calm_change.get_buffer("matrix")).square().sum(-1)


def growth(errors: Tensor) -> Tensor:
    """Slope of the logarithm of errors (N, K) of 1, 2, ... steps ahead, by least squares [1/s]"""
    ahead_s = STEP_S * torch.arange(1, errors.shape[1] + 1).to(errors)
    centred = ahead_s - ahead_s.mean()
    return errors.clamp_min(LEAST_ERROR).log() @ centred / centred.square().sum()


@torch.no_grad()
def surprise_shares(memory: LatentLstm, expected: Tensor, seen: Tensor) -> Tensor:
    """Which latents carry the surprise: two (B, D) -> (B, D), whose sum is anomaly.surprise.

    A share is negative where a latent makes the errors of the others less strange.
    """
    check_history(memory, expected, least=1)
    check_history(memory, seen, least=1)
    check_calibrated(memory)
    error = seen - expected - memory.calm_change.get_buffer("mean")
    whitening: Tensor = memory.calm_change.get_buffer("matrix")
    return error * (error @ whitening @ whitening)


def ranked(shares: Tensor) -> Tensor:
    """The latents of one moment by their share (D,), the largest first: indices (D,)"""
    return shares.argsort(descending=True, stable=True)


@torch.no_grad()
def difference(autoencoder: Autoencoder, expected: Tensor, seen: Tensor) -> Tensor:
    """Picture of what was seen minus what was expected: two (B, D) -> (B, 3, S, S)"""
    return autoencoder.decode(seen) - autoencoder.decode(expected)
