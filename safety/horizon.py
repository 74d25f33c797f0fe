"""How well the next seconds are dreamt, against two guesses that need no memory.

The picture of the dreamt latents (Ha & Schmidhuber 2018, arXiv:1803.10122, section 4), the last
frame shown again, and the picture of latents that go on as they last moved.
T frames, one every STEP_S; N dreams, H horizons, D latents, S side of the picture [px].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder, check_weights
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import STEP_S, LatentLstm, go_on

HORIZONS_S = (0.5, 1.0, 2.0)
PRIMED = 10  # steps that the memory has seen before its first dream
CHUNK = 64  # pictures at a time


class HorizonErrors(NamedTuple):
    """Mean squared error per colour value of each guess at each horizon, each (N, H)."""

    dreamt: Tensor
    copied: Tensor  # the last frame, shown again
    steady: Tensor  # latents that go on as they last moved


@torch.no_grad()
def horizon_errors(
    autoencoder: Autoencoder,
    memory: LatentLstm,
    x: Tensor,
    horizons_s: Sequence[float] = HORIZONS_S,
    primed: int = PRIMED,
) -> HorizonErrors:
    """Dreams from every step of one clip x (T, 3, S, S) that leaves room for all horizons.

    Raises BadInput for a clip that is too short or cannot be read, and for a pair that is no pair.
    """
    check_pair(autoencoder, memory)
    steps = [round(horizon / STEP_S) for horizon in horizons_s]
    farthest = max(steps)
    check_clip(autoencoder, x, primed + 1 + farthest)
    last = len(x) - farthest  # behind the last start
    mu = encoded(autoencoder, x)
    dreams = forecast(memory, mu[:last], primed, farthest)  # (N, farthest, D)
    steady = go_on(mu[primed - 1 : last - 1], mu[primed:last], farthest)
    errors = []
    for step in steps:
        then = x[primed + step : last + step]
        dreamt, gone_on = (drawn(autoencoder, way[:, step - 1]) for way in (dreams, steady))
        errors.append([pixel_error(guess, then) for guess in (dreamt, x[primed:last], gone_on)])
    return HorizonErrors(*(torch.stack(one, dim=1) for one in zip(*errors, strict=True)))


def pixel_error(guess: Tensor, truth: Tensor) -> Tensor:
    """Two (N, 3, S, S) -> (N,)"""
    return (guess - truth).square().mean((1, 2, 3))


def encoded(autoencoder: Autoencoder, x: Tensor) -> Tensor:
    """(T, 3, S, S) -> mu (T, D)"""
    return torch.cat([autoencoder.encode(part)[0] for part in x.split(CHUNK)])


def drawn(autoencoder: Autoencoder, z: Tensor) -> Tensor:
    """The pictures (N, 3, S, S) of latents (N, D); a linear code may overshoot black and white."""
    return torch.cat([autoencoder.decode(part).clamp(0, 1) for part in z.split(CHUNK)])


@torch.no_grad()
def forecast(memory: LatentLstm, mu: Tensor, first: int, horizon: int) -> Tensor:
    """Having seen all of mu (T, D) up to each step from `first` on: (T - first, horizon, D)"""
    blank = mu.new_zeros(1, 1, memory.lstm.hidden_size)
    state, before = (blank, blank), []
    for latent in mu.split(1):
        before.append(state)
        _, state = memory.step(latent, state)
    hidden, cell = (torch.cat(part, dim=1) for part in zip(*before[first:], strict=True))
    return memory.dream(mu[first:], (hidden, cell), horizon)


def check_pair(autoencoder: Autoencoder, memory: LatentLstm) -> None:
    """Raises BadInput when these cannot work together, or when one was never fitted."""
    check_weights(autoencoder)
    check_weights(memory)
    if autoencoder.latents != memory.latents:
        raise BadInput(
            "latents", memory.latents, f"the autoencoder has {autoencoder.latents}; "
            "take the memory that was made for it",
        )  # fmt: skip


def check_clip(autoencoder: Autoencoder, x: Tensor, least: int) -> None:
    """Raises BadInput unless x is at least so many pictures of the right size, all numbers."""
    size = (3, autoencoder.side, autoencoder.side)
    if tuple(x.shape[1:]) != size:
        raise BadInput("frames", f"of shape {tuple(x.shape[1:])}", f"the network sees {size}")
    if len(x) < least:
        needed = f"{least * STEP_S:.1f} s, one frame every {STEP_S} s"
        raise BadInput("clip", f"of {len(x)} frames", f"needs {least}, that is {needed}")
    if not bool(x.isfinite().all()):
        bad = int((~x.isfinite()).flatten(1).any(1).nonzero()[0])
        raise BadInput("frame", bad, "has values that are no numbers; leave it out")
