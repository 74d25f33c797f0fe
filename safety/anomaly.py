"""How strange a frame is to the world model, and how rarely a calm frame is that strange.

Three scores of the single frame (contrast that is not redrawn, errors that are large for their
place, distance of its latent) and one of its motion (surprise).  On a log scale each becomes a
number of calm standard deviations; the positive ones are squared and added, and the sum becomes a
conformal p-value.
B batch, D latent dimensions, S side of the image [px].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.nominal import calibration_id

SMOOTHING_PX = 5
TAIL = 0.1  # share of the pixels that the tail score looks at
LEAST_CONTRAST = 1e-4  # variance of colours below which a frame counts as blank
LEAST_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class Look:
    """What one look at each frame says."""

    latents: Tensor  # (B, D)
    reconstruction: Tensor  # (B, 3, S, S)
    error_map: Tensor  # (B, S, S)
    scores: Tensor  # (B, 3) logarithms: unexplained contrast, tail, latent distance


def error_map(x: Tensor, reconstruction: Tensor) -> Tensor:
    """Squared error, mean over colours: (B, 3, H, W) -> (B, H, W)"""
    return (x - reconstruction).square().mean(dim=1)


def smooth(error: Tensor) -> Tensor:
    """Mean over 5x5 pixels, at the border over those inside: (B, H, W) -> (B, H, W)"""
    half = SMOOTHING_PX // 2
    pooled = F.avg_pool2d(error[:, None], SMOOTHING_PX, 1, half, count_include_pad=False)
    return pooled[:, 0]


def log_smooth(error: Tensor) -> Tensor:
    """(B, H, W) -> (B, H, W)"""
    return smooth(error).clamp_min(LEAST_ERROR).log()


def tail_score(values: Tensor) -> Tensor:
    """Mean of the largest tenth: (B, H, W) -> (B,)"""
    flat = values.flatten(1)
    return flat.topk(max(1, round(TAIL * flat.shape[1])), dim=1).values.mean(1)


def unexplained(x: Tensor, error: Tensor) -> Tensor:
    """Error over the frame's own contrast: 0 all redrawn, 1 no better than one grey: -> (B,)"""
    contrast = x.var(dim=(2, 3)).mean(1).clamp_min(LEAST_CONTRAST)
    return error.mean(dim=(1, 2)) / contrast


@torch.no_grad()
def look(vae: Autoencoder, x: Tensor) -> Look:
    """Look at frames (B, 3, S, S) one by one."""
    latents = vae.encode(x)[0]
    reconstruction = vae.decode(latents)
    error = error_map(x, reconstruction)
    tail = tail_score(vae.calm_pixels(log_smooth(error)))
    distance = vae.calm_latent(latents).log()
    scores = torch.stack([unexplained(x, error).log(), tail, distance], dim=1)
    return Look(latents, reconstruction, error, scores)


def surprise(lstm: LatentLstm, predicted: Tensor, seen: Tensor) -> Tensor:
    """Squared one-step error in units of its calm spread, about D when calm: two (B, D) -> (B,)"""
    distance: Tensor = lstm.calm_change(seen - predicted)
    return distance


def strangeness(deviations: Tensor) -> Tensor:
    """Sum of squares of what lies above calm; a smooth corner keeps calm frames apart.

    (B, K) deviations of K scores from calm -> (B,)
    """
    return F.softplus(deviations).square().sum(dim=1)


def still_deviations(vae: Autoencoder, scores: Tensor) -> Tensor:
    """(B, 3) -> (B, 3)"""
    deviations: Tensor = vae.calm_still(scores)
    return deviations


def moving_deviations(
    vae: Autoencoder, lstm: LatentLstm, scores: Tensor, surprise: Tensor
) -> Tensor:
    """(B, 3), (B,) -> (B, 4)"""
    motion = lstm.calm_motion(surprise.log()[:, None])
    return torch.cat([still_deviations(vae, scores), motion], dim=1)


@dataclass(frozen=True)
class Verdict:
    """Shares of calm frames that are at least as strange; nan where nothing can be said."""

    error_p: float  # the frame by itself
    surprise_p: float  # against what was predicted
    p_value: float  # both together; the frame by itself while there is no prediction


def judge(vae: Autoencoder, lstm: LatentLstm, scores: Tensor, surprise: float) -> Verdict:
    """scores: (1, 3) of look      surprise: nan before the first prediction"""
    error_p = vae.calm.p_value(float(strangeness(still_deviations(vae, scores))))
    surprise_p = lstm.calm_surprise.p_value(surprise)
    if math.isnan(surprise):
        return Verdict(error_p, surprise_p, error_p)
    both = moving_deviations(vae, lstm, scores, scores.new_tensor([surprise]))
    return Verdict(error_p, surprise_p, lstm.calm.p_value(float(strangeness(both))))


def world_calibration_id(vae: Autoencoder, lstm: LatentLstm) -> str:
    """Names the calm frames that the p-values speak of."""
    return calibration_id(vae, lstm)
