"""Which motion the memory does not believe in: where it expects what others moved to be undone.

Asked about is r = -d . P (y - y'), the part of the others' motion d that is gone a second later:
d, the last latents less those that our own motion alone would have given; y - y', what d changes in
the dream beyond being there still, to first order; P, calm deviations.  Divided among the pixels
that moved, by models.encoder_relevance.  Below 0: the memory carries the motion on.
A map of strength points at what moved whatever the memory learnt; the sign of this one is the
memory's own, and a memory with shuffled weights has none to give.

N moments, T steps of STEP_S, D latents, S side [px]; images are (T, 3, S, S) in [0, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.encoder_relevance import pixel_relevance
from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.safety.horizon import check_clip, check_pair, encoded
from road_clarity.safety.latent_history import check_calibrated, check_one_future
from road_clarity.safety.own_motion import carried
from road_clarity.safety.prediction_salience import CHUNK, WINDOW, smoothed

AHEAD_S = 1.0
SPREAD_PX = 4.0  # deviation of the smoothing, in which neighbouring signs weigh each other


class TakenBack(NamedTuple):
    """The sum of a map is its amount, to rounding."""

    maps: Tensor  # (N, S, S) signed
    amounts: Tensor  # (N,) squared calm deviations


def motion_taken_back(
    autoencoder: Autoencoder, memory: LatentLstm, x: Tensor, window: int = WINDOW
) -> TakenBack:
    """For each frame of a clip from index window - 1 on: N = T - window + 1

    Raises BadInput for a clip that is too short or cannot be read, and for a pair that is no pair.
    """
    check_pair(autoencoder, memory)
    check_one_future(memory)
    check_calibrated(memory)
    check_clip(autoencoder, x, least=max(window, 2))
    after, before = x[window - 1 :], carried(x[window - 2 :])
    with torch.no_grad():
        histories = encoded(autoencoder, x).unfold(0, window, 1).transpose(1, 2)  # (N, window, D)
        moved = histories[:, -1] - encoded(autoencoder, before)
    per_unit = torch.cat([
        undone_per_unit(memory, *part)
        for part in zip(histories.split(CHUNK), moved.split(CHUNK), strict=True)
    ])  # fmt: skip
    with torch.no_grad():
        maps = pixel_relevance(autoencoder, after, before, per_unit[:, None]).sum((1, 2))
    return TakenBack(maps, (per_unit * moved).sum(1))


def undone_per_unit(memory: LatentLstm, histories: Tensor, moved: Tensor) -> Tensor:
    """How much of it one unit of each last latent brings back: (N, T, D), (N, D) -> (N, D)"""
    matrix = memory.calm_change.get_buffer("matrix")
    with torch.no_grad():
        state = memory.lstm(histories[:, :-1])[1]
    with torch.enable_grad():
        last = histories[:, -1].clone().requires_grad_(True)
        dreamt = memory.dream(last, state, round(AHEAD_S / STEP_S))[:, -1]
        undone = -((dreamt - last) * (moved @ matrix @ matrix)).sum()
        (found,) = torch.autograd.grad(undone, last)
    return found


def taken_back(
    autoencoder: Autoencoder, memory: LatentLstm, x: Tensor, window: int = WINDOW
) -> Tensor:
    """The same as something to look at, signed and smooth: (T - window + 1, S, S)"""
    return smoothed(motion_taken_back(autoencoder, memory, x, window).maps, SPREAD_PX)
