"""What in the last frame the predicted frame hangs on: a map to hold against where danger was.

Asked about is what the motion of others did to the prediction, d: the predicted latents less those
that would be predicted had only the viewer moved.  Its squared size in calm deviations of a step,
d . P d, is divided among the pixels that moved, through the memory by its relevance (the path past
it, mu[t+1] = mu[t] + head(h[t]), included) and through the encoder by models.encoder_relevance:
nothing gets lost.  Where the viewer looks and what the street is like is not asked about.

N moments, T steps of STEP_S, D latents, S side [px]; images are (T, 3, S, S) in [0, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.encoder_relevance import pixel_relevance
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.lstm_relevance import relevance
from road_clarity.safety.horizon import check_clip, check_pair, encoded
from road_clarity.safety.latent_history import check_calibrated, check_one_future
from road_clarity.safety.own_motion import carried
from road_clarity.safety.prediction_relevance import change

WINDOW = 16  # steps that the memory looks back
SMOOTHING_PX = 2.0  # deviation; about what an eye's fixation covers of 64 px
CHUNK = 8  # moments at a time


class MotionRelevance(NamedTuple):
    """The sum of a map is its size, to rounding."""

    maps: Tensor  # (N, S, S) signed: below 0 is what held the prediction back
    strength: Tensor  # (N, S, S) >= 0, the length of the vector of each pixel's part in each latent
    sizes: Tensor  # (N,) >= 0, squared calm deviations


@torch.no_grad()
def motion_relevance(
    autoencoder: Autoencoder, memory: LatentLstm, x: Tensor, window: int = WINDOW
) -> MotionRelevance:
    """For each frame of a clip from index window - 1 on: N = T - window + 1

    Raises BadInput for a clip that is too short or cannot be read, and for a pair that is no pair.
    """
    check_pair(autoencoder, memory)
    check_one_future(memory)
    check_calibrated(memory)
    check_clip(autoencoder, x, least=max(window, 2))
    histories = encoded(autoencoder, x).unfold(0, window, 1).transpose(1, 2)  # (N, window, D)
    after, before = x[window - 1 :], carried(x[window - 2 :])
    parts = zip(*(part.split(CHUNK) for part in (histories, after, before)), strict=True)
    found = zip(*(divided(autoencoder, memory, *part) for part in parts), strict=True)
    return MotionRelevance(*(torch.cat(part) for part in found))


def divided(
    autoencoder: Autoencoder, memory: LatentLstm, histories: Tensor, after: Tensor, before: Tensor
) -> MotionRelevance:
    """(N, T, D), the last frames (N, 3, S, S) as they are and as our own motion would have them"""
    weights = memory.calm_change.get_buffer("matrix") @ last_step_weights(memory, histories)
    moved = histories[:, -1] - encoded(autoencoder, before)
    effects = (weights @ moved[:, :, None])[:, :, 0]  # (N, D) in calm deviations
    per_unit = effects[:, :, None] * weights
    by_latent = pixel_relevance(autoencoder, after, before, per_unit).sum(2)  # (N, D, S, S)
    strength = by_latent.square().sum(1).sqrt()
    return MotionRelevance(by_latent.sum(1), strength, effects.square().sum(1))


def last_step_weights(memory: LatentLstm, histories: Tensor) -> Tensor:
    """Relevance of one unit of each last latent for each predicted one: (N, T, D) -> (N, D, D)"""
    count, _, latents = histories.shape
    one_each = torch.eye(latents).to(histories)
    asked = (one_each * change(memory, histories)[:, :, None]).flatten(0, 1)
    repeated = histories.repeat_interleave(latents, 0)
    found = relevance(memory.lstm, memory.head, repeated, asked)
    return one_each + found.per_unit[:, -1].view(count, latents, latents)


def salience(
    autoencoder: Autoencoder, memory: LatentLstm, x: Tensor, window: int = WINDOW
) -> Tensor:
    """The same as something to look at, >= 0 and smooth: (T - window + 1, S, S)"""
    strength = motion_relevance(autoencoder, memory, x, window).strength
    return smoothed(strength.sqrt())  # the root, so that one edge does not outshine a person


def smoothed(maps: Tensor, deviation_px: float = SMOOTHING_PX) -> Tensor:
    """(N, S, S) -> the same"""
    blurred = [cv2.GaussianBlur(one, (0, 0), deviation_px) for one in maps.cpu().numpy()]
    return torch.from_numpy(np.stack(blurred)).to(maps)
