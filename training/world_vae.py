"""How the world model's autoencoder learns, from single frames.  The linear ones are computed.

B batch, N frames, S side of the image [px].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.state_dict_fit import misfit
from road_clarity.models.vae import Vae, elbo_loss
from road_clarity.safety.settings import setting
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import cosine
from road_clarity.training.start_file import read_start
from road_clarity.training.world_batches import augment, calm_views, clip_weights, to_tensor
from road_clarity.training.world_clips import Clip

MOST_FITTED = 9000  # frames of all clips, about; more change a linear code no longer
FEWEST_FITTED = 5  # frames of a clip, if it has them


@dataclass(frozen=True, kw_only=True)
class VaeConfig(FitConfig):
    steps: int = setting(5000, "steps of the autoencoder", low=1)
    batch: int = setting(32, "frames per step", low=1)
    check_every: int = setting(500, "steps between two scores and checkpoints", low=1)
    learning_rate: float = setting(1e-3, "at the start; falls to 0 along half a cosine", low=0.0)
    beta: float = setting(0.02, "weight of the divergence from N(0, I)", low=0.0)
    start: Path | None = setting(None, "weights of another VAE to begin with")


class FrameBatch(NamedTuple):
    image: Tensor  # (B, 3, S, S)


class VaeRecipe(Recipe[Vae, FrameBatch]):
    chosen_by = "psnr"

    def __init__(self, config: VaeConfig, clips: list[Clip], side: int) -> None:
        self.config: VaeConfig = config
        self._learnt = [clip for clip in clips if clip.split]
        self._chances = clip_weights(self._learnt)
        self._checked = checked_frames(clips, side)
        torch.manual_seed(config.seed)
        self.network = Vae(side)
        if config.start is not None:
            begin_with(self.network, config.start)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def optimisers(self) -> list[torch.optim.Optimizer]:
        return [torch.optim.Adam(self.network.parameters())]

    def rate(self, step: int) -> float:
        return self.config.learning_rate * cosine(step, self.config.steps)

    def sample(self, number: int, rng: np.random.Generator) -> FrameBatch:
        clip = self._learnt[rng.choice(len(self._learnt), p=self._chances)]
        at = int(rng.integers(clip.split))
        return FrameBatch(augment(clip, slice(at, at + 1), self.network.side, rng)[0])

    def answer(self, batch: FrameBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures of sampled latents, mu, logsigma"""
        x = batch.image.to(memory_format=torch.channels_last)  # 1.2 times as fast
        said: tuple[Tensor, Tensor, Tensor] = self.network(x)
        return said

    def loss(self, answer: tuple[Tensor, Tensor, Tensor], batch: FrameBatch) -> Tensor:
        picture, mu, logsigma = answer
        return elbo_loss(picture, batch.image, mu, logsigma, self.config.beta)

    def score(self, network: Vae) -> dict[str, float]:
        mse = pixel_mse(network, self._checked)
        return {"mse": mse, "psnr": -10 * math.log10(mse)}


def begin_with(network: Vae, path: Path) -> None:
    """Give it the weights in a file, but not what is calm to them.  Raises BadInput."""
    state = read_start(path)
    kept = {key: value for key, value in state.items() if not key.startswith("calm")}
    wrong = misfit(network.state_dict() | kept, network.state_dict())
    if wrong:
        raise BadInput("start", path, wrong.said())
    network.load_state_dict(kept, strict=False)


def checked_frames(clips: list[Clip], side: int) -> Tensor:
    """Held-out frames that choose the weights: (N, 3, S, S)"""
    return torch.cat([to_tensor(clip.frames[clip.split : clip.middle], side) for clip in clips])


def fitted_frames(clips: list[Clip], side: int) -> Tensor:
    """What linear codes are computed from, evenly over all learnt frames: (N, 3, S, S)"""
    return torch.cat([view for views in fitted_views(clips, side) for view in views])


def fitted_views(clips: list[Clip], side: int) -> list[list[Tensor]]:
    """The same, clip by clip and view by view."""
    most = math.ceil(sum(clip.split for clip in clips) / MOST_FITTED)
    steps = [min(most, max(1, clip.split // FEWEST_FITTED)) for clip in clips]
    return [
        calm_views(clip, slice(0, clip.split, every), side)
        for clip, every in zip(clips, steps, strict=True)
    ]


def clip_numbers(views: list[list[Tensor]]) -> Tensor:
    """The number of the clip of each frame of fitted_views, one after another: (N,)"""
    counts = [sum(map(len, some)) for some in views]
    return torch.arange(len(views)).repeat_interleave(torch.tensor(counts))


@torch.no_grad()
def pixel_mse(net: Autoencoder, x: Tensor) -> float:
    """Mean squared error of the pictures of x (N, 3, S, S)."""
    errors = [
        (net.reconstruct(part).clamp(0, 1) - part).square().mean((1, 2, 3)) for part in x.split(128)
    ]
    return float(torch.cat(errors).mean())
