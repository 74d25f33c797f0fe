"""How early one frame could be seen coming: guesses at its picture, made ever longer before it.

The dream of the memory (Ha & Schmidhuber 2018, arXiv:1803.10122, section 4) against two guesses
that need none: the last picture shown again, and latents that go on as they last moved.
T frames, one every STEP_S; K steps before the last of them; S side of the pictures [px].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.latent_lstm import LatentLstm, go_on
from road_clarity.safety.horizon import (
    check_clip,
    check_pair,
    drawn,
    encoded,
    forecast,
    pixel_error,
)

PRIMED = 5  # steps that the memory has seen before its first dream
FEWEST = PRIMED + 2  # frames
FARTHEST = 20  # steps before the frame


class Foresight(NamedTuple):
    """Mean squared error of the last frame's picture; entry k is guessed k + 1 steps before it."""

    dreamt: Tensor  # (K,)
    copied: Tensor  # (K,) the picture of that time, shown again
    steady: Tensor  # (K,) latents that go on as they last moved
    redrawn: float  # from its own latent: what a guess can hardly beat
    pictures: Tensor  # (K, 3, S, S) what was dreamt


@torch.no_grad()
def foresight(autoencoder: Autoencoder, memory: LatentLstm, x: Tensor) -> Foresight:
    """x: (T, 3, S, S), the frame asked about last.  K is at most FARTHEST, and what T allows.

    Raises BadInput for fewer than FEWEST frames, nan, or a pair that is no pair.
    """
    check_pair(autoencoder, memory)
    check_clip(autoencoder, x, FEWEST)
    mu, now = encoded(autoencoder, x), x[-1:]
    farthest = min(FARTHEST, len(x) - 1 - PRIMED)
    first = len(x) - 1 - farthest
    dreams = forecast(memory, mu[:-1], first, farthest)  # (farthest, farthest, D)
    before = range(1, farthest + 1)
    dreamt = drawn(autoencoder, torch.stack([dreams[-k, k - 1] for k in before]))
    starts = [len(mu) - 1 - k for k in before]
    gone_on = [
        go_on(mu[t - 1 : t], mu[t : t + 1], k)[0, -1] for t, k in zip(starts, before, strict=True)
    ]
    return Foresight(
        pixel_error(dreamt, now),
        pixel_error(x[starts], now),
        pixel_error(drawn(autoencoder, torch.stack(gone_on)), now),
        float(pixel_error(drawn(autoencoder, mu[-1:]), now)),
        dreamt,
    )
