"""What the world model is worth, on the test half of the held-out frames, as its cards tell it.

N frames, T steps, D latent dimensions.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.models.vae import LATENT_SIZE, Vae
from road_clarity.safety import anomaly
from road_clarity.training.odd_frames import ODD
from road_clarity.training.world_batches import to_tensor
from road_clarity.training.world_calibration import scores, surprises
from road_clarity.training.world_clips import Clip
from road_clarity.training.world_lstm import forecast, latent_run
from road_clarity.training.world_vae import pixel_mse

HORIZONS = {"0.1s": 1, "1s": 10}  # steps


def auroc(calm: Tensor, odd: Tensor) -> float:
    """Share of (calm, odd) pairs in which the odd one scores higher; a tie counts half."""
    higher = (odd[:, None] > calm).float() + 0.5 * (odd[:, None] == calm).float()
    return float(higher.mean())


def pca_mse(train: Tensor, test: Tensor) -> float:
    """Error of the best linear model with as many numbers: PCA of the training frames (N, ...)."""
    x, y = train.flatten(1), test.flatten(1)
    mean = x.mean(0)
    _, _, axes = torch.pca_lowrank(x - mean, q=LATENT_SIZE, center=False, niter=4)
    centred = y - mean
    return float((centred - centred @ axes @ axes.T).square().mean())


@torch.no_grad()
def still_metrics(vae: Vae, clips: list[Clip]) -> dict[str, float]:
    """Reconstruction against PCA; evenness of p-values; calm against each kind of odd frame."""
    metrics = {"calibration_frames": float(vae.calm.get_buffer("frames"))}
    for kind, simulated in (("real", False), ("simulated", True)):
        some = [clip for clip in clips if clip.simulated == simulated]
        x = to_tensor(test_frames(some))
        metrics |= {
            f"{kind}_test_frames": float(len(x)),
            f"{kind}_reconstruction_mse": pixel_mse(vae, x),
            f"{kind}_pca32_mse": pca_mse(train_frames(some), x),
            **evenness(f"{kind}_error", [vae.calm.p_value(s) for s in joined(vae, x).tolist()]),
        }
    test = test_frames([clip for clip in clips if not clip.simulated])
    calm = joined(vae, to_tensor(test))
    rng = np.random.default_rng(0)
    for name, make in ODD.items():
        metrics[f"auroc_{name}"] = auroc(calm, joined(vae, to_tensor(make(test, rng))))
    return metrics


def train_frames(clips: list[Clip]) -> Tensor:
    return torch.cat([to_tensor(clip.frames[: clip.split]) for clip in clips])


def test_frames(clips: list[Clip]) -> NDArray[np.uint8]:
    return np.concatenate([clip.frames[clip.middle :] for clip in clips])


def joined(vae: Vae, x: Tensor) -> Tensor:
    """The strangeness of each frame by itself: (N, 3, 64, 64) -> (N,)"""
    return anomaly.strangeness(anomaly.still_deviations(vae, scores(vae, x)))


def evenness(kind: str, p: list[float]) -> dict[str, float]:
    """Calm frames should have p-values evenly between 0 and 1."""
    return {
        f"{kind}_p_median": float(np.median(p)),
        f"{kind}_p_below_5_percent": float(np.mean(np.array(p) <= 0.05)),
    }


def horizon_errors(vae: Vae, lstm: LatentLstm, clip: Clip, steps: int) -> tuple[Tensor, ...]:
    """Squared pixel error (T,) of the predicted frame, the last frame, the last one redrawn."""
    x = to_tensor(clip.frames)
    mu = latent_run(vae, x, clip.rate_hz).mu
    first = int(np.ceil(clip.middle / clip.rate_hz / STEP_S)) - steps
    dreams = forecast(lstm, mu[:-steps], first, steps)[:, -1]
    at = (torch.arange(first, len(mu)) * clip.rate_hz * STEP_S).round().long()
    now, then = x[at[:-steps]], x[at[steps:]]
    guesses = (vae.decode(dreams), now, vae.decode(mu[first:-steps]))
    return tuple((guess - then).square().mean((1, 2, 3)) for guess in guesses)


def moving_metrics(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> dict[str, float]:
    """Prediction against copying, evenness of p-values, cuts; on real and on simulated clips."""
    metrics: dict[str, float] = {}
    for kind, simulated in (("real", False), ("simulated", True)):
        moving = [c for c in clips if c.simulated == simulated and c.rate_hz]
        long = [clip for clip in moving if clip.split / clip.rate_hz > 2.0]
        found = horizon_metrics(vae, lstm, long) | surprise_metrics(vae, lstm, long)
        metrics |= {f"{kind}_{name}": value for name, value in found.items()}
    return metrics


@torch.no_grad()
def horizon_metrics(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, steps in HORIZONS.items():
        errors = [horizon_errors(vae, lstm, clip, steps) for clip in clips]
        mean = [float(torch.cat(kind).mean()) for kind in zip(*errors, strict=True)]
        metrics |= {
            f"predicted_mse_{name}": mean[0],
            f"copied_mse_{name}": mean[1],
            f"redrawn_copy_mse_{name}": mean[2],
            f"ratio_{name}": mean[0] / mean[1],
        }
    return metrics


@torch.no_grad()
def surprise_metrics(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> dict[str, float]:
    tested = [test_motion(vae, lstm, clip) for clip in clips]
    surprise, still = (torch.cat(part) for part in zip(*tested, strict=True))
    both = anomaly.strangeness(anomaly.moving_deviations(vae, lstm, still, surprise))
    return {
        **evenness("surprise", [lstm.calm_surprise.p_value(s) for s in surprise.tolist()]),
        **evenness("combined", [lstm.calm.p_value(s) for s in both.tolist()]),
        "auroc_cut_surprise": auroc(surprise, cuts(vae, lstm, clips)),
    }


def test_motion(vae: Vae, lstm: LatentLstm, clip: Clip) -> tuple[Tensor, Tensor]:
    """Of the clip's test steps: surprise (T,) and the scores (T, 3) of the frames they fall on."""
    x = to_tensor(clip.frames)
    surprise, at = surprises(vae, lstm, x, clip.rate_hz, clip.middle)
    return surprise, scores(vae, x[at])


def cuts(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> Tensor:
    """Surprise at the first step after every clip's test part goes on as the next clip's."""
    found = []
    for clip, other in zip(clips, clips[1:] + clips[:1], strict=True):
        here = latent_run(vae, to_tensor(clip.frames), clip.rate_hz).mu
        there = latent_run(vae, to_tensor(other.frames[other.middle :]), other.rate_hz).mu
        expected = lstm(here[None])[0][0, -1]
        found.append(anomaly.surprise(lstm, expected, there))
    return torch.cat(found)
