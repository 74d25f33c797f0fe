"""Fit the world model's autoencoder on single frames."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.vae import Vae, elbo_loss
from road_clarity.training.best_so_far import BestSoFar
from road_clarity.training.world_batches import frame_batch, to_tensor
from road_clarity.training.world_clips import Clip

CHECK_EVERY = 250  # steps


@dataclass(frozen=True, kw_only=True)
class VaePlan:
    """How long and how hard the autoencoder learns."""

    steps: int = 5000
    batch: int = 32
    rate: float = 1e-3  # at the start, falls to 0 along half a cosine
    beta: float = 0.02
    seed: int = 0


def validation_frames(clips: list[Clip]) -> Tensor:
    """(N, 3, 64, 64)"""
    return torch.cat([to_tensor(clip.frames[clip.split : clip.middle]) for clip in clips])


@torch.no_grad()
def pixel_mse(net: Vae, x: Tensor) -> float:
    """Mean squared error of the reconstructions of x (N, 3, 64, 64)."""
    errors = [(net.reconstruct(part) - part).square().mean((1, 2, 3)) for part in x.split(128)]
    return float(torch.cat(errors).mean())


def fit_vae(clips: list[Clip], plan: VaePlan, checkpoint: Path, start: Vae | None = None) -> Vae:
    """The autoencoder with the smallest validation error.

    checkpoint: where the state is kept every CHECK_EVERY steps; an existing one is continued.
    start: what to begin with; random weights when None.
    """
    torch.manual_seed(plan.seed)
    net = copy.deepcopy(start).train() if start else Vae()
    adam = torch.optim.Adam(net.parameters(), plan.rate)
    progress = BestSoFar(net, adam, checkpoint)
    validation = validation_frames(clips)
    for step, loss in train_steps(net, adam, clips, plan, progress.step):
        if step % CHECK_EVERY == 0 or step == plan.steps:
            mse = pixel_mse(net, validation)
            print(f"vae step {step} loss {loss:.2f} validation mse {mse:.5f}", flush=True)
            progress.check(step, mse)
    return progress.best.eval()


def train_steps(
    net: Vae, adam: torch.optim.Adam, clips: list[Clip], plan: VaePlan, start: int
) -> Iterator[tuple[int, float]]:
    """Yield (steps done, loss) after every step, whose batch depends on seed and step only."""
    for step in range(start, plan.steps):
        adam.param_groups[0]["lr"] = plan.rate * 0.5 * (1 + math.cos(math.pi * step / plan.steps))
        x = frame_batch(clips, plan.batch, np.random.default_rng((plan.seed, step)))
        x = x.to(memory_format=torch.channels_last)  # 1.2 times as fast
        torch.manual_seed(plan.seed * 1_000_003 + step)
        picture, mu, logsigma = net(x)
        loss = elbo_loss(picture, x, mu, logsigma, plan.beta)
        adam.zero_grad()
        loss.backward()
        adam.step()
        yield step + 1, float(loss.detach())
