"""What in the last frame the predicted frame hangs on: a map to hold against where danger was.

Not one number is asked about, as in safety.prediction_relevance, but the predicted latents all
together, the path past the memory (mu[t+1] = mu[t] + head(h[t])) included: the map is the length of
the vector of their relevances, measured in calm deviations of a step.  Only what others moved
counts: not where the viewer looks, nor what the street is like.

N moments, T steps of STEP_S, D latents, S side [px]; images are (T, 3, S, S) in [0, 1].
"""

from __future__ import annotations

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


@torch.no_grad()
def salience(
    autoencoder: Autoencoder, memory: LatentLstm, x: Tensor, window: int = WINDOW
) -> Tensor:
    """For each frame of a clip from index window - 1 on, >= 0: (T - window + 1, S, S)

    Raises BadInput for a clip that is too short or cannot be read, and for a pair that is no pair.
    """
    check_pair(autoencoder, memory)
    check_one_future(memory)
    check_calibrated(memory)
    check_clip(autoencoder, x, least=max(window, 2))
    histories = encoded(autoencoder, x).unfold(0, window, 1).transpose(1, 2)  # (N, window, D)
    after, before = x[window - 1 :], carried(x[window - 2 :])
    parts = zip(*(part.split(CHUNK) for part in (histories, after, before)), strict=True)
    return torch.cat([moments(autoencoder, memory, *part) for part in parts])


def moments(
    autoencoder: Autoencoder, memory: LatentLstm, histories: Tensor, after: Tensor, before: Tensor
) -> Tensor:
    """(N, T, D), last frame as it is and as our own motion made it (N, 3, S, S) -> (N, S, S)"""
    weights = last_step_weights(memory, histories)  # (N, D, D)
    count, outputs = weights.shape[:2]
    after, before = (picture.repeat_interleave(outputs, 0) for picture in (after, before))
    by_output = pixel_relevance(autoencoder, after, before, weights.flatten(0, 1)).sum(1)
    length = by_output.view(count, outputs, *by_output.shape[1:]).square().sum(1).sqrt()
    return smoothed(length.sqrt())  # so that one bright edge does not outshine a person


def last_step_weights(memory: LatentLstm, histories: Tensor) -> Tensor:
    """Relevance of one unit of each last latent for each predicted one, in calm deviations.

    (N, T, D) -> (N, D outputs, D)
    """
    count, _, latents = histories.shape
    one_each = torch.eye(latents).to(histories)
    asked = (one_each * change(memory, histories)[:, :, None]).flatten(0, 1)
    repeated = histories.repeat_interleave(latents, 0)
    found = relevance(memory.lstm, memory.head, repeated, asked)
    of_memory = found.per_unit[:, -1].view(count, latents, latents)
    whitening: Tensor = memory.calm_change.get_buffer("matrix")
    return whitening @ (one_each + of_memory)


def smoothed(maps: Tensor) -> Tensor:
    """(N, S, S) -> the same"""
    pictures = maps.cpu().numpy()
    return torch.from_numpy(
        np.stack([cv2.GaussianBlur(picture, (0, 0), SMOOTHING_PX) for picture in pictures])
    ).to(maps)
