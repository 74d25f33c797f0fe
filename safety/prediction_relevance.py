"""Which pixels of the past made the memory predict what it predicts.

Layer-wise relevance (models.lstm_relevance) gives every latent of every past step its part of the
prediction; models.encoder_relevance hands it on to pixels.  Both start from what differs: a step
is told as what changed since the step before, and that change as our own motion plus the motion of
others.  Relevance of the inputs x_t with weights g_t then becomes, without loss, that of the first
frame and of the changes: sum_t g_t . z_t = G_0 . z_0 + sum_t G_t . (z_t - z_t-1) with G_t the sum
of g_t and all later ones.

N moments, T steps of STEP_S, D latents, S side [px]; images are (T, 3, S, S) in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.encoder_relevance import pixel_relevance
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.lstm_relevance import relevance
from road_clarity.safety.horizon import check_clip, check_pair, encoded
from road_clarity.safety.latent_history import check_calibrated, check_one_future
from road_clarity.safety.own_motion import carried

Target = Callable[[Tensor], Tensor]  # predicted change (B, D) -> relevance to start from (B, D)


@dataclass(frozen=True, eq=False)
class PredictionRelevance:
    """maps, own_motion and rest together are total, to rounding."""

    maps: (
        Tensor  # (T, S, S) signed: the first frame, then what others changed since the step before
    )
    own_motion: Tensor  # (T,) what our own motion changed since the step before
    latents: Tensor  # (T, D) relevance of each latent at each step
    rest: Tensor  # () biases, and the mean picture against which the first frame is held
    total: Tensor  # () of the target

    @property
    def shares(self) -> Tensor:
        """How much of all that counts lies in each step, whatever its sign: (T,), sum 1"""
        weight = self.maps.abs().sum((1, 2))
        return weight / weight.sum()


@torch.no_grad()
def prediction_relevance(
    autoencoder: Autoencoder, memory: LatentLstm, x: Tensor, target: Target
) -> PredictionRelevance:
    """Why the step after the clip x (T, 3, S, S) is predicted as it is; T at least 2.

    target: what of the predicted change is asked about: change_size(memory) or linked_to(links)
    """
    check_pair(autoencoder, memory)
    check_one_future(memory)
    check_clip(autoencoder, x, least=2)
    mean = autoencoder.decode(torch.zeros_like(x[:1, 0, 0, :1]).expand(1, autoencoder.latents))
    before = torch.cat([mean, carried(x)])
    z, without_others = encoded(autoencoder, x), encoded(autoencoder, before)
    outputs = target(change(memory, z[None]))
    found = relevance(memory.lstm, memory.head, z[None], outputs, charge_biases=True)
    later = from_now_on(found.per_unit)[0]  # (T, D)
    told = torch.cat([without_others[:1], z[:-1]])  # at step 0 the mean picture, not a step
    biases = (found.inputs - found.per_unit * z).sum() + found.start.sum()
    return PredictionRelevance(
        maps=pixel_relevance(autoencoder, x, before, later[:, None]).sum((1, 2)),
        own_motion=(later * (without_others - told)).sum(1),
        latents=found.inputs[0],
        rest=biases + later[0] @ told[0],
        total=outputs.sum(),
    )


def change(memory: LatentLstm, z: Tensor) -> Tensor:
    """By how much the memory expects latents to change after z (B, T, D): (B, D)"""
    expected: Tensor = memory.head(memory.lstm(z)[0][:, -1])
    return expected


def from_now_on(per_unit: Tensor) -> Tensor:
    """Each step's plus all later ones', (B, T, D): a change stays in all inputs after it"""
    return per_unit.flip(1).cumsum(1).flip(1)


def change_size(memory: LatentLstm) -> Target:
    """The predicted change as a whole: its squared size in calm deviations, latent by latent."""
    check_calibrated(memory)
    whitening = memory.calm_change.get_buffer("matrix")
    return lambda change: change * (change @ whitening @ whitening)


def linked_to(links: Tensor) -> Target:
    """The predicted change of the latents that draw an object.  links: (D,) of object_links"""
    return lambda change: change.abs() * links


def object_links(pictures: Tensor, mask: Tensor) -> Tensor:
    """Share of each latent's picture that falls on an object: (D, 3, S, S), (S, S) -> (D,)"""
    weight = pictures.abs().sum(1)
    return (weight * mask).sum((1, 2)) / weight.sum((1, 2))
