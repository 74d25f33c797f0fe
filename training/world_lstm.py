"""Fit the world model's memory on sequences of latents (arXiv:1803.10122, A.2, no mixtures).

B batch, T steps of STEP_S, D latent dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.models.vae import Vae
from road_clarity.training.best_so_far import BestSoFar
from road_clarity.training.world_batches import at_rate, augment, to_tensor
from road_clarity.training.world_clips import Clip

SEQUENCE = 32  # steps fed in
OPEN_LOOP = 10  # of them, the last ones are dreamt as well
OPEN_LOOP_WEIGHT = 0.5
SPEED = (0.6, 1.2)  # playback speed of the views
CHECK_EVERY = 250  # steps


@dataclass(frozen=True, kw_only=True)
class LstmPlan:
    """How long and how hard the memory learns."""

    steps: int = 1500
    batch: int = 32
    rate: float = 1e-3  # at the start, falls to 0 along half a cosine
    views: int = 16  # augmented runs through every real clip
    simulated_views: int = 4  # and through every simulated one, of which there are more
    seed: int = 0


@dataclass(frozen=True, eq=False)
class LatentRun:
    """One way through a clip: at every step the distribution of the latent."""

    mu: Tensor  # (T, D)
    sigma: Tensor  # (T, D)


@torch.no_grad()
def latent_run(vae: Vae, x: Tensor, rate_hz: float, step_s: float = STEP_S) -> LatentRun:
    """Frames (N, 3, 64, 64) at rate_hz -> latents at the memory's rate"""
    codes = [vae.encode(part) for part in x.split(64)]
    mu, logsigma = (torch.cat(part) for part in zip(*codes, strict=True))
    return LatentRun(at_rate(mu, rate_hz, step_s), at_rate(logsigma.exp(), rate_hz, step_s))


def training_runs(vae: Vae, clips: list[Clip], plan: LstmPlan) -> list[LatentRun]:
    """Augmented runs through the training part of every moving clip that is long enough."""
    rng = np.random.default_rng(plan.seed)
    runs = []
    for clip in (c for c in clips if c.rate_hz):
        for _ in range(plan.simulated_views if clip.simulated else plan.views):
            x = augment(clip.frames[: clip.split], rng)
            runs.append(latent_run(vae, x, clip.rate_hz, STEP_S * rng.uniform(*SPEED)))
    return [run for run in runs if len(run.mu) > SEQUENCE]


def sequence_batch(
    runs: list[LatentRun], size: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Sampled latents to read (B, 32, D) and the means to predict (B, 32, D), one step later"""
    weights = np.sqrt([len(run.mu) for run in runs])
    inputs, targets = [], []
    for run in (runs[i] for i in rng.choice(len(runs), size=size, p=weights / weights.sum())):
        at = int(rng.integers(len(run.mu) - SEQUENCE))
        mu, sigma = run.mu[at : at + SEQUENCE], run.sigma[at : at + SEQUENCE]
        noise = torch.from_numpy(rng.standard_normal(mu.shape, dtype=np.float32))
        inputs.append(mu + sigma * noise)
        targets.append(run.mu[at + 1 : at + SEQUENCE + 1])
    return torch.stack(inputs), torch.stack(targets)


def memory_loss(lstm: LatentLstm, z: Tensor, following: Tensor) -> Tensor:
    """One-step error over the sequence plus half the error of dreaming its last 10 steps."""
    one_step: Tensor = (lstm(z)[0] - following).square().mean()
    known = z.shape[1] - OPEN_LOOP
    _, state = lstm(z[:, :known])
    dreamt = lstm.dream(z[:, known], state, OPEN_LOOP)
    open_loop = (dreamt - following[:, known:]).square().mean()
    return one_step + OPEN_LOOP_WEIGHT * open_loop


@torch.no_grad()
def forecast(lstm: LatentLstm, mu: Tensor, first: int, horizon: int) -> Tensor:
    """Having seen all of mu (T, D) up to each step from `first` on: (T - first, horizon, D)"""
    state, dreams = None, []
    for t in range(len(mu)):
        if t >= first:
            dreams.append(lstm.dream(mu[None, t], state, horizon)[0])
        _, state = lstm.step(mu[None, t], state)
    return torch.stack(dreams)


def validation_error(vae: Vae, lstm: LatentLstm, clips: list[Clip]) -> float:
    """Mean squared latent error of dreaming 1 s ahead, in the first half of the held-out parts."""
    errors = []
    for clip in (c for c in clips if c.rate_hz):
        mu = latent_run(vae, to_tensor(clip.frames[: clip.middle]), clip.rate_hz).mu
        first = int(clip.split / clip.rate_hz / STEP_S) - OPEN_LOOP
        if 0 <= first < len(mu) - OPEN_LOOP:
            dreams = forecast(lstm, mu[:-OPEN_LOOP], first, OPEN_LOOP)
            truth = mu[first + 1 :].unfold(0, OPEN_LOOP, 1).transpose(1, 2)  # (T, horizon, D)
            errors.append((dreams - truth).square().mean())
    return float(torch.stack(errors).mean())


def fit_lstm(
    vae: Vae,
    clips: list[Clip],
    plan: LstmPlan,
    checkpoint: Path,
    publish: Callable[[LatentLstm], None],
) -> LatentLstm:
    """The memory with the smallest validation error.  publish is called at each new best.

    checkpoint: where the state is kept every CHECK_EVERY steps; an existing one is continued.
    """
    torch.manual_seed(plan.seed)
    net = LatentLstm()
    adam = torch.optim.Adam(net.parameters(), plan.rate)
    progress = BestSoFar(net, adam, checkpoint)
    runs = training_runs(vae, clips, plan)
    for step, loss in train_steps(net, adam, runs, plan, progress.step):
        if step % CHECK_EVERY == 0 or step == plan.steps:
            error = validation_error(vae, net, clips)
            print(f"lstm step {step} loss {loss:.4f} validation {error:.4f}", flush=True)
            if progress.check(step, error):
                publish(progress.best)
    return progress.best.eval()


def train_steps(
    net: LatentLstm, adam: torch.optim.Adam, runs: list[LatentRun], plan: LstmPlan, start: int
) -> Iterator[tuple[int, float]]:
    """Yield (steps done, loss) after every step, whose batch depends on seed and step only."""
    for step in range(start, plan.steps):
        adam.param_groups[0]["lr"] = plan.rate * 0.5 * (1 + math.cos(math.pi * step / plan.steps))
        z, following = sequence_batch(runs, plan.batch, np.random.default_rng((plan.seed, step)))
        loss = memory_loss(net, z, following)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        yield step + 1, float(loss.detach())
