"""Views of clips for the world model: crops, flips and light that stay the same along a sequence.

N frames, T steps of models.latent_lstm.STEP_S, S side of the network's image [px], D latents.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.training.world_clips import Clip

REAL_SHARE = 0.6  # of all examples, where there are real clips
SMALLEST_CROP = 0.75  # side of the crop over the stored side
LIGHT = (0.75, 1.25)  # factor on all colours
LIGHTS = (0.85, 1.0, 1.15)  # of the views in which a real clip is still calm


def to_tensor(frames: NDArray[np.uint8], side: int) -> Tensor:
    """(N, s, s, 3) -> (N, 3, S, S) in [0, 1], the whole frame"""
    small = [cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in frames]
    stacked = np.stack(small) if small else np.empty((0, side, side, 3), np.uint8)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 255


def augment(clip: Clip, frames: slice, side: int, rng: np.random.Generator) -> Tensor:
    """-> (N, 3, S, S), all through one random crop, flip and light; simulated ones as they are"""
    wanted = clip.frames[frames]
    if clip.simulated:
        return to_tensor(wanted, side)
    whole = wanted.shape[1]
    cut = int(rng.integers(int(SMALLEST_CROP * whole), whole + 1))
    if rng.random() < 0.5:  # half of the views are the whole frame, as the pipeline sees it
        cut = whole
    top, left = rng.integers(0, whole - cut + 1, size=2)
    x = to_tensor(wanted[:, top : top + cut, left : left + cut], side)
    if rng.random() < 0.5:
        x = x.flip(3)
    return (x * rng.uniform(*LIGHT)).clamp(0, 1)


def calm_views(clip: Clip, frames: slice, side: int) -> list[Tensor]:
    """The frames; of a real clip also mirrored and in other light.

    A street is as calm in the mirror and under a cloud; simulated ones are plenty as they are.
    """
    x = to_tensor(clip.frames[frames], side)
    if clip.simulated:
        return [x]
    return [(way * light).clamp(0, 1) for way in (x, x.flip(3)) for light in LIGHTS]


def clip_weights(clips: Sequence[Clip]) -> NDArray[np.float64]:
    """How often each clip is chosen: by its root length, real clips REAL_SHARE of the time."""
    weights = np.sqrt([clip.split for clip in clips])
    simulated = np.array([clip.simulated for clip in clips])
    for kind, share in ((~simulated, REAL_SHARE), (simulated, 1 - REAL_SHARE)):
        weights[kind] *= share / max(1.0, weights[kind].sum())
    return np.asarray(weights / weights.sum())


def at_rate(values: Tensor, rate_hz: float, step_s: float) -> Tensor:
    """Values (N, D) of frames at rate_hz, read off every step_s by straight lines: (T, D)."""
    position = torch.arange(0, len(values) - 1 + 1e-6, rate_hz * step_s)
    before = position.floor().long()
    after = (before + 1).clamp_max(len(values) - 1)
    return torch.lerp(values[before], values[after], (position - before)[:, None])
