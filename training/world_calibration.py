"""Tell the world model what calm is: its scores on validation frames, put into its own buffers.

Spreads of latents and of prediction errors come from training frames, still scores from validation
frames: a 32-dimensional spread that had seen the frames it judges would call new ones strange.
N frames, T steps, D latent dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.models.vae import Vae
from road_clarity.safety import anomaly
from road_clarity.training.world_batches import to_tensor
from road_clarity.training.world_clips import Clip
from road_clarity.training.world_lstm import latent_run

STEPS = 64  # of every run through a clip
LIGHTS = (0.85, 1.0, 1.15)  # factors on all colours


def round_as_stored(net: nn.Module) -> None:
    """Weights files hold float16; what is calibrated must be what will be loaded."""
    for values in net.state_dict().values():
        if values.is_floating_point():
            values.copy_(values.half().float())


def scores(vae: Vae, x: Tensor) -> Tensor:
    """(N, 3, 64, 64) -> (N, 3) of safety.anomaly.look"""
    return torch.cat([anomaly.look(vae, part).scores for part in x.split(64)])


def evenly(values: Tensor) -> Tensor:
    """STEPS of a clip's values (T, ...), evenly spread: long clips do not outvote short ones."""
    return values[torch.linspace(0, len(values) - 1, STEPS).round().long()]


def calm_views(clip: Clip) -> list[Tensor]:
    """The clip up to its validation part; a real one also mirrored and in other light.

    A street is as calm in the mirror and under a cloud; simulated ones are plenty as they are.
    """
    x = to_tensor(clip.frames[: clip.middle])
    if clip.simulated:
        return [x]
    return [(way * light).clamp(0, 1) for way in (x, x.flip(3)) for light in LIGHTS]


def validation_frames(clips: list[Clip]) -> Tensor:
    return torch.cat([view[clip.split :] for clip in clips for view in calm_views(clip)])


@torch.no_grad()
def calibrate_vae(vae: Vae, clips: list[Clip]) -> None:
    """Fill the buffers of the autoencoder."""
    round_as_stored(vae)
    trained = torch.cat([to_tensor(clip.frames[: clip.split]) for clip in clips])
    vae.calm_latent.fit(torch.cat([vae.encode(part)[0] for part in trained.split(64)]))
    calm = validation_frames(clips)
    errors = [anomaly.error_map(part, vae.reconstruct(part)) for part in calm.split(64)]
    vae.calm_pixels.fit(anomaly.log_smooth(torch.cat(errors)))
    round_as_stored(vae)
    seen = scores(vae, calm)
    vae.calm_still.fit(seen)
    round_as_stored(vae)
    vae.calm.fit(anomaly.strangeness(anomaly.still_deviations(vae, seen)))
    round_as_stored(vae)


@torch.no_grad()
def one_step(vae: Vae, lstm: LatentLstm, x: Tensor, rate_hz: float) -> tuple[Tensor, Tensor]:
    """Predicted and seen latents of all steps after the first: two (T - 1, D)"""
    mu = latent_run(vae, x, rate_hz).mu
    return lstm(mu[None, :-1])[0][0], mu[1:]


@torch.no_grad()
def surprises(
    vae: Vae, lstm: LatentLstm, x: Tensor, rate_hz: float, first: int
) -> tuple[Tensor, Tensor]:
    """Surprise of every step from frame `first` of x on, and the index of the frame it falls on."""
    predicted, seen = one_step(vae, lstm, x, rate_hz)
    frames = (torch.arange(1, len(seen) + 1) * rate_hz * STEP_S).floor().long()
    late = frames >= first
    return anomaly.surprise(lstm, predicted, seen)[late], frames[late]


@torch.no_grad()
def calibrate_lstm(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> None:
    """Fill the buffers of the memory; the autoencoder must be calibrated."""
    round_as_stored(lstm)
    moving = [clip for clip in clips if clip.rate_hz]
    errors = []
    for clip in moving:
        predicted, seen = one_step(vae, lstm, to_tensor(clip.frames[: clip.split]), clip.rate_hz)
        errors.append(evenly(seen - predicted))
    lstm.calm_change.fit(torch.cat(errors))
    round_as_stored(lstm)
    surprise, still = motion(vae, lstm, moving)
    lstm.calm_motion.fit(surprise.log()[:, None])
    lstm.calm_surprise.fit(surprise)
    round_as_stored(lstm)
    lstm.calm.fit(anomaly.strangeness(anomaly.moving_deviations(vae, lstm, still, surprise)))
    round_as_stored(lstm)


def motion(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> tuple[Tensor, Tensor]:
    """Surprise (T,) of all steps before the test part, and the scores (T, 3) of their frames.

    So few real clips move that their trained part is calm's measure too.
    """
    alone, frames = [], []
    for clip in clips:
        for x in calm_views(clip):
            surprise, at = surprises(vae, lstm, x, clip.rate_hz, first=0)
            alone.append(evenly(surprise))
            frames.append(x[evenly(at)])
    return torch.cat(alone), scores(vae, torch.cat(frames))
