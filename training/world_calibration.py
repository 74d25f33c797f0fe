"""Tell the world model what calm is: its scores on validation frames, put into its own buffers.

Spreads of latents and of prediction errors come from training frames, still scores from validation
frames: a 32-dimensional spread that had seen the frames it judges would call new ones strange.
N frames, T steps, D latent dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.safety import anomaly
from road_clarity.training.world_batches import calm_views, to_tensor
from road_clarity.training.world_clips import Clip
from road_clarity.training.world_lstm import latent_run
from road_clarity.training.world_vae import fitted_frames

STEPS = 64  # of every run through a clip


def round_as_stored(net: Autoencoder | LatentLstm) -> None:
    """Weights files may hold float16; what is calibrated must be what will be loaded."""
    for values in net.state_dict().values():
        if values.is_floating_point():
            values.copy_(values.to(net.stored).float())


def scores(vae: Autoencoder, x: Tensor) -> Tensor:
    """(N, 3, S, S) -> (N, 3) of safety.anomaly.look"""
    return torch.cat([anomaly.look(vae, part).scores for part in x.split(64)])


def evenly(values: Tensor) -> Tensor:
    """STEPS of a clip's values (T, ...), evenly spread: long clips do not outvote short ones."""
    return values[torch.linspace(0, len(values) - 1, STEPS).round().long()]


def calm_frames(clips: list[Clip], side: int) -> Tensor:
    """Checked frames on which nobody is in danger: (N, 3, S, S)"""
    calm = [clip for clip in clips if clip.calm]
    return torch.cat([view for c in calm for view in calm_views(c, slice(c.split, c.middle), side)])


@torch.no_grad()
def calibrate_vae(vae: Autoencoder, clips: list[Clip]) -> None:
    """Fill the buffers of the autoencoder."""
    round_as_stored(vae)
    learnt = fitted_frames(clips, vae.side)
    vae.calm_latent.fit(torch.cat([vae.encode(part)[0] for part in learnt.split(64)]))
    calibrate_pictures(vae, clips)


@torch.no_grad()
def calibrate_pictures(vae: Autoencoder, clips: list[Clip]) -> None:
    """What hangs on how it draws; the spread of its latents must be known."""
    calm = calm_frames(clips, vae.side)
    errors = [anomaly.error_map(part, vae.reconstruct(part)) for part in calm.split(64)]
    vae.calm_pixels.fit(anomaly.log_smooth(torch.cat(errors)))
    round_as_stored(vae)
    seen = scores(vae, calm)
    vae.calm_still.fit(seen)
    round_as_stored(vae)
    vae.calm.fit(anomaly.strangeness(anomaly.still_deviations(vae, seen)))
    round_as_stored(vae)


@torch.no_grad()
def one_step(
    vae: Autoencoder, lstm: LatentLstm, x: Tensor, rate_hz: float
) -> tuple[Tensor, Tensor]:
    """Predicted and seen latents of all steps after the first: two (T - 1, D)"""
    mu = latent_run(vae, x, rate_hz).mu
    return lstm(mu[None, :-1])[0][0], mu[1:]


@torch.no_grad()
def surprises(
    vae: Autoencoder, lstm: LatentLstm, x: Tensor, rate_hz: float, first: int
) -> tuple[Tensor, Tensor]:
    """Surprise of every step from frame `first` of x on, and the index of the frame it falls on."""
    predicted, seen = one_step(vae, lstm, x, rate_hz)
    frames = (torch.arange(1, len(seen) + 1) * rate_hz * STEP_S).floor().long()
    late = frames >= first
    return anomaly.surprise(lstm, predicted, seen)[late], frames[late]


@torch.no_grad()
def calibrate_lstm(vae: Autoencoder, lstm: LatentLstm, clips: list[Clip]) -> None:
    """Fill the buffers of the memory; the autoencoder must be calibrated."""
    round_as_stored(lstm)
    moving = [clip for clip in clips if clip.rate_hz and clip.calm]
    errors = []
    for clip in (c for c in moving if c.split):
        x = to_tensor(clip.frames[: clip.split], vae.side)
        predicted, seen = one_step(vae, lstm, x, clip.rate_hz)
        errors.append(evenly(seen - predicted))
    lstm.calm_change.fit(torch.cat(errors))
    round_as_stored(lstm)
    surprise, still = motion(vae, lstm, [c for c in moving if c.split < c.middle])
    lstm.calm_motion.fit(surprise.log()[:, None])
    lstm.calm_surprise.fit(surprise)
    round_as_stored(lstm)
    calibrate_both(vae, lstm, surprise, still)


def calibrate_both(vae: Autoencoder, lstm: LatentLstm, surprise: Tensor, still: Tensor) -> None:
    """Drawing and prediction together, from the calm motion of `motion`."""
    lstm.calm.fit(anomaly.strangeness(anomaly.moving_deviations(vae, lstm, still, surprise)))
    round_as_stored(lstm)


def motion(vae: Autoencoder, lstm: LatentLstm, clips: list[Clip]) -> tuple[Tensor, Tensor]:
    """Surprise (T,) of all steps before the test part, and the scores (T, 3) of their frames.

    So few real clips move that their learnt part is calm's measure too.
    """
    alone, frames = [], []
    for clip in clips:
        for x in calm_views(clip, slice(clip.middle), vae.side):
            surprise, at = surprises(vae, lstm, x, clip.rate_hz, first=0)
            alone.append(evenly(surprise))
            frames.append(x[evenly(at)])
    return torch.cat(alone), scores(vae, torch.cat(frames))
