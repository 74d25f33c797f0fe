"""Batches for the world model: crops, flips and light that stay the same along a sequence.

N frames, B batch, T steps of models.latent_lstm.STEP_S; D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.vae import IMAGE_SIZE
from road_clarity.training.world_clips import STORED_SIZE, Clip

REAL_SHARE = 0.6  # of all examples; simulated streets make up the rest
SMALLEST_CROP = 0.75  # side of the crop over the stored side
LIGHT = (0.75, 1.25)  # factor on all colours


def to_tensor(frames: NDArray[np.uint8]) -> Tensor:
    """(N, S, S, 3) -> (N, 3, 64, 64) in [0, 1], the whole frame"""
    size = (IMAGE_SIZE, IMAGE_SIZE)
    small = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 255


def augment(frames: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
    """(N, S, S, 3) of one clip -> (N, 3, 64, 64), all through one random crop, flip and light"""
    side = int(rng.integers(int(SMALLEST_CROP * STORED_SIZE), STORED_SIZE + 1))
    if rng.random() < 0.5:  # half of the views are the whole frame, as the pipeline sees it
        side = STORED_SIZE
    top, left = rng.integers(0, STORED_SIZE - side + 1, size=2)
    x = to_tensor(frames[:, top : top + side, left : left + side])
    if rng.random() < 0.5:
        x = x.flip(3)
    return (x * rng.uniform(*LIGHT)).clamp(0, 1)


def clip_weights(clips: Sequence[Clip]) -> NDArray[np.float64]:
    """How often each clip is chosen: by its root length, real clips REAL_SHARE of the time."""
    weights = np.sqrt([clip.split for clip in clips])
    simulated = np.array([clip.simulated for clip in clips])
    for kind, share in ((~simulated, REAL_SHARE), (simulated, 1 - REAL_SHARE)):
        weights[kind] *= share / max(1.0, weights[kind].sum())
    return np.asarray(weights / weights.sum())


def frame_batch(clips: list[Clip], size: int, rng: np.random.Generator) -> Tensor:
    """(size, 3, 64, 64) training frames, each augmented by itself."""
    chosen = rng.choice(len(clips), size=size, p=clip_weights(clips))
    views = []
    for clip in (clips[i] for i in chosen):
        at = int(rng.integers(clip.split))
        views.append(augment(clip.frames[at : at + 1], rng))
    return torch.cat(views)


def at_rate(values: Tensor, rate_hz: float, step_s: float) -> Tensor:
    """Values (N, D) of frames at rate_hz, read off every step_s by straight lines: (T, D)."""
    position = torch.arange(0, len(values) - 1 + 1e-6, rate_hz * step_s)
    before = position.floor().long()
    after = (before + 1).clamp_max(len(values) - 1)
    return torch.lerp(values[before], values[after], (position - before)[:, None])
