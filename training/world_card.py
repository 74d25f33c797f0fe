"""What the world model is worth, on the test half of the held-out frames, as its cards tell it.

N frames, T steps, D latent dimensions.
"""

from __future__ import annotations

import numpy as np
import torch
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
    train = torch.cat([to_tensor(clip.frames[: clip.split]) for clip in clips])
    test = np.concatenate([clip.frames[clip.middle :] for clip in clips])
    x = to_tensor(test)
    calm = joined(vae, x)
    metrics = {
        "reconstruction_mse": pixel_mse(vae, x),
        "pca32_mse": pca_mse(train, x),
        "test_frames": float(len(x)),
        "calibration_frames": float(vae.calm.get_buffer("frames")),
        **evenness("error", [vae.calm.p_value(s) for s in calm.tolist()]),
    }
    rng = np.random.default_rng(0)
    for name, make in ODD.items():
        metrics[f"auroc_{name}"] = auroc(calm, joined(vae, to_tensor(make(test, rng))))
    return metrics


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


@torch.no_grad()
def moving_metrics(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> dict[str, float]:
    """Prediction against copying; how even the p-values of calm steps are; cuts between clips."""
    moving = [clip for clip in clips if clip.rate_hz and clip.split / clip.rate_hz > 2.0]
    metrics: dict[str, float] = {}
    for name, steps in HORIZONS.items():
        errors = [horizon_errors(vae, lstm, clip, steps) for clip in moving]
        mean = [float(torch.cat(kind).mean()) for kind in zip(*errors, strict=True)]
        metrics |= {
            f"predicted_mse_{name}": mean[0],
            f"copied_mse_{name}": mean[1],
            f"redrawn_copy_mse_{name}": mean[2],
            f"ratio_{name}": mean[0] / mean[1],
        }
    tested = [test_motion(vae, lstm, clip) for clip in moving]
    surprise, still = (torch.cat(part) for part in zip(*tested, strict=True))
    both = anomaly.strangeness(anomaly.moving_deviations(vae, lstm, still, surprise))
    metrics |= evenness("surprise", [lstm.calm_surprise.p_value(s) for s in surprise.tolist()])
    metrics |= evenness("combined", [lstm.calm.p_value(s) for s in both.tolist()])
    metrics["auroc_cut_surprise"] = auroc(surprise, cuts(vae, lstm, moving))
    return metrics


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
