"""How strange a frame is to the world model, and how rarely a calm frame is that strange.

Three scores of the single frame (mean error, worst 2 % of the error, distance of its latent) and one of its motion
(surprise).  Each becomes a conformal p-value against calm frames; Fisher 1925's -sum(ln p) joins them, and since the
scores depend on each other the sum is calibrated once more.  B batch, D latent dimensions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.nominal import calibration_id
from road_clarity.models.vae import Vae

SMOOTHING_PX = 5
TAIL = 0.02  # share of the pixels that the tail score looks at
STILL = ("error", "tail", "latent")


@dataclass(frozen=True, eq=False)
class StillScores:
    """What one look at each frame says."""

    latents: Tensor  # (B, D)
    reconstruction: Tensor  # (B, 3, 64, 64)
    error_map: Tensor  # (B, 64, 64)
    error: Tensor  # (B,) mean of the map
    tail: Tensor  # (B,) mean of the largest 2 % of the smoothed map
    latent: Tensor  # (B,) squared distance from calm latents, about D for a calm frame


def error_map(x: Tensor, reconstruction: Tensor) -> Tensor:
    """Squared error, mean over colours: (B, 3, H, W) -> (B, H, W)"""
    return (x - reconstruction).square().mean(dim=1)


def smooth(error: Tensor) -> Tensor:
    """Mean over 5x5 pixels, at the border over those inside: (B, H, W) -> (B, H, W)"""
    half = SMOOTHING_PX // 2
    pooled = F.avg_pool2d(error[:, None], SMOOTHING_PX, 1, half, count_include_pad=False)
    return pooled[:, 0]


def tail_score(error: Tensor) -> Tensor:
    """Mean of the largest 2 % of the values: (B, H, W) -> (B,)"""
    flat = error.flatten(1)
    return flat.topk(max(1, round(TAIL * flat.shape[1])), dim=1).values.mean(1)


@torch.no_grad()
def still_scores(vae: Vae, x: Tensor) -> StillScores:
    """Look at frames (B, 3, 64, 64) one by one."""
    latents = vae.encode(x)[0]
    reconstruction = vae.decode(latents)
    error = error_map(x, reconstruction)
    return StillScores(
        latents=latents,
        reconstruction=reconstruction,
        error_map=error,
        error=error.mean(dim=(1, 2)),
        tail=tail_score(smooth(error)),
        latent=vae.calm_latent(latents),
    )


def surprise(lstm: LatentLstm, predicted: Tensor, seen: Tensor) -> Tensor:
    """Squared one-step error in units of its calm spread: (B, D), (B, D) -> (B,), about D when calm"""
    distance: Tensor = lstm.calm_change(seen - predicted)
    return distance


def fisher(p_values: list[float]) -> float:
    """-sum(ln p): 0 when nothing is strange; nan when any p is nan"""
    return -sum(math.log(p) for p in p_values)


@dataclass(frozen=True)
class Verdict:
    """Shares of calm frames that are at least as strange; nan where nothing can be said."""

    error_p: float  # the frame by itself
    surprise_p: float  # against what was predicted
    p_value: float  # both together; the frame by itself while there is no prediction


def still_strangeness(vae: Vae, error: float, tail: float, latent: float) -> float:
    """The three still scores joined; nan when not calibrated."""
    scores = zip(STILL, (error, tail, latent), strict=True)
    return fisher([vae.calm.p_value(kind, score) for kind, score in scores])


def judge(vae: Vae, lstm: LatentLstm, scores: StillScores, surprise: float) -> Verdict:
    """scores: of one frame (B = 1)      surprise: nan before the first prediction"""
    still = still_strangeness(vae, float(scores.error), float(scores.tail), float(scores.latent))
    error_p = lstm.calm.p_value("still", still)
    surprise_p = lstm.calm.p_value("surprise", surprise)
    if math.isnan(surprise):
        return Verdict(error_p, surprise_p, error_p)
    moving = still + fisher([surprise_p])
    return Verdict(error_p, surprise_p, lstm.calm.p_value("moving", moving))


def world_calibration_id(vae: Vae, lstm: LatentLstm) -> str:
    """Names the calm frames that the p-values speak of."""
    return calibration_id(vae.calm, vae.calm_latent, lstm.calm, lstm.calm_change)
