"""How the world model's memory learns, on sequences of latents (arXiv:1803.10122, A.2).

B batch, T steps of STEP_S, K steps that are dreamt, D latent dimensions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.models.latent_mdn import LatentMdn, Mixture
from road_clarity.safety.horizon import PRIMED, HorizonErrors, horizon_errors
from road_clarity.safety.settings import setting
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import cosine
from road_clarity.training.world_batches import at_rate, augment, to_tensor
from road_clarity.training.world_clips import Clip

SEQUENCE = 40  # steps fed in
OPEN_LOOP = 20  # of them, the last ones are dreamt as well
SPEED = (0.6, 1.2)  # playback speed of the views
CHECKED_S = 1.0  # the horizon whose error chooses the weights


@dataclass(frozen=True, kw_only=True)
class MemoryConfig(FitConfig):
    steps: int = setting(500, "steps of the memory", low=1)
    batch: int = setting(32, "sequences per step", low=1)
    precision: str = setting("fp32", "of the network's arithmetic", among=("bf16", "fp32"))
    clip: float = setting(1.0, "largest norm of the gradient; 0: any", low=0.0)
    memory: float = setting(
        0.98, "of the mean of the weights, per step; 0: no mean", low=0.0, high=1.0
    )
    check_every: int = setting(100, "steps between two scores and checkpoints", low=1)
    learning_rate: float = setting(2e-3, "at the start; falls to 0 along half a cosine", low=0.0)
    noise: float = setting(0.1, "added to the latents that are read; 1 is their spread", low=0.0)
    weight_decay: float = setting(0.01, "of AdamW", low=0.0)
    views: int = setting(16, "augmented runs through every real clip", low=1)
    simulated_views: int = setting(3, "runs through every simulated clip", low=1)
    open_loop: float = setting(1.0, "weight of the dreamt steps beside the single ones", low=0.0)


@dataclass(frozen=True, eq=False)
class LatentRun:
    """One way through a clip: at every step the distribution of the latent."""

    mu: Tensor  # (T, D)
    sigma: Tensor  # (T, D)


class SequenceBatch(NamedTuple):
    read: Tensor  # (B, T, D) sampled latents
    following: Tensor  # (B, T, D) the means one step later


class MemoryRecipe(Recipe[LatentLstm, SequenceBatch]):
    chosen_by = "better_than_copying"

    def __init__(self, config: MemoryConfig, autoencoder: Autoencoder, clips: list[Clip]) -> None:
        self.config: MemoryConfig = config
        self.autoencoder, self.clips = autoencoder, clips
        self._runs = training_runs(autoencoder, clips, config)
        lengths = np.sqrt([len(run.mu) for run in self._runs])
        self._chances = lengths / lengths.sum()
        self._weights = picture_weights(autoencoder, torch.cat([run.mu for run in self._runs]))
        torch.manual_seed(config.seed)
        self.network = self.memory_network()

    def memory_network(self) -> LatentLstm:
        return LatentLstm(self.autoencoder.latents)

    def optimisers(self) -> list[torch.optim.Optimizer]:
        decay = self.config.weight_decay
        return [torch.optim.AdamW(self.network.parameters(), weight_decay=decay)]

    def rate(self, step: int) -> float:
        return self.config.learning_rate * cosine(step, self.config.steps)

    def sample(self, number: int, rng: np.random.Generator) -> SequenceBatch:
        run = self._runs[rng.choice(len(self._runs), p=self._chances)]
        at = int(rng.integers(len(run.mu) - SEQUENCE))
        mu, sigma = run.mu[at : at + SEQUENCE], run.sigma[at : at + SEQUENCE]
        noise = torch.from_numpy(rng.standard_normal(mu.shape, dtype=np.float32))
        read = mu + torch.hypot(sigma, torch.tensor(self.config.noise)) * noise
        return SequenceBatch(read, run.mu[at + 1 : at + SEQUENCE + 1])

    def answer(self, batch: SequenceBatch) -> Any:
        """What each step expects next (B, T, D), and the dream of the last ones (B, K, D)"""
        return read_and_dream(self.network, batch.read)

    def loss(self, answer: tuple[Tensor, Tensor], batch: SequenceBatch) -> Tensor:
        return memory_loss(*answer, batch.following, self._weights, self.config.open_loop)

    def score(self, network: LatentLstm) -> dict[str, float]:
        """In pictures, on the held-out frames that choose the weights."""
        checked = [clip for clip in self.clips if clip.rate_hz and clip.split < clip.middle]
        errors = clip_errors(self.autoencoder, network, checked, CHECKED_S, testing=False)
        dreamt, copied = (float(error.mean()) for error in errors[:2])
        return {"mse_1s": dreamt, "copied_1s": copied, "better_than_copying": 1 - dreamt / copied}


class MixtureRecipe(MemoryRecipe):
    """The memory that knows of several futures learns single steps, by their surprise."""

    def memory_network(self) -> LatentLstm:
        return LatentMdn(self.autoencoder.latents)

    def answer(self, batch: SequenceBatch) -> Any:
        assert isinstance(self.network, LatentMdn)
        return self.network.mixture(batch.read)[0]

    def loss(self, answer: Mixture, batch: SequenceBatch) -> Tensor:  # type: ignore[override]
        return answer.nll(batch.following).mean() / self.autoencoder.latents


HEADS = {"residual": MemoryRecipe, "mixture": MixtureRecipe}


def read_and_dream(memory: LatentLstm, read: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T, D) -> one step ahead (B, T, D), and the last K dreamt (B, K, D)"""
    known = read.shape[1] - OPEN_LOOP
    before, state = memory(read[:, :known])
    after, _ = memory(read[:, known:], state)
    return torch.cat([before, after], dim=1), memory.dream(read[:, known], state, OPEN_LOOP)


def memory_loss(
    one_step: Tensor, dreamt: Tensor, following: Tensor, weights: Tensor, open_loop: float
) -> Tensor:
    """Squared errors of the steps and of the dream, each latent by its weight (D,)."""
    near = (one_step - following).square() @ weights
    far = (dreamt - following[:, -dreamt.shape[1] :]).square() @ weights
    return (near.mean() + open_loop * far.mean()) / len(weights)


@torch.no_grad()
def picture_weights(autoencoder: Autoencoder, mu: Tensor, frames: int = 32) -> Tensor:
    """How much a unit of each latent changes the picture, squared; 1 on average: (D,)

    mu: (N, D).  With them an error of the memory is weighed as the error of its picture.
    """
    z = mu[:: math.ceil(len(mu) / frames)]
    still = autoencoder.decode(z)
    units = torch.eye(autoencoder.latents)
    changes = [(autoencoder.decode(z + unit) - still).square().mean() for unit in units]
    weights = torch.stack(changes)
    return weights / weights.mean()


@torch.no_grad()
def codes(autoencoder: Autoencoder, x: Tensor) -> tuple[Tensor, Tensor]:
    """Frames (N, 3, S, S) -> mu and sigma, each (N, D)"""
    said = [autoencoder.encode(part) for part in x.split(64)]
    mu, logsigma = (torch.cat(part) for part in zip(*said, strict=True))
    return mu, logsigma.exp()


def latent_run(
    autoencoder: Autoencoder, x: Tensor, rate_hz: float, step_s: float = STEP_S
) -> LatentRun:
    """Frames (N, 3, S, S) at rate_hz -> latents at the memory's rate"""
    return LatentRun(*(at_rate(part, rate_hz, step_s) for part in codes(autoencoder, x)))


def training_runs(
    autoencoder: Autoencoder, clips: list[Clip], config: MemoryConfig
) -> list[LatentRun]:
    """Runs through the learnt part of every moving clip that is long enough, at varied speed.

    Each run through a real clip is augmented by itself; simulated ones differ in speed only.
    """
    rng = np.random.default_rng(config.seed)
    runs = []
    for clip in (c for c in clips if c.rate_hz and c.split):
        views, speeds = (1, config.simulated_views) if clip.simulated else (config.views, 1)
        for _ in range(views):
            x = augment(clip, slice(clip.split), autoencoder.side, rng)
            both = codes(autoencoder, x)
            for step_s in STEP_S * rng.uniform(*SPEED, speeds):
                runs.append(LatentRun(*(at_rate(part, clip.rate_hz, step_s) for part in both)))
    return [run for run in runs if len(run.mu) > SEQUENCE]


def clip_errors(
    autoencoder: Autoencoder,
    memory: LatentLstm,
    clips: list[Clip],
    horizon_s: float,
    testing: bool,
) -> HorizonErrors:
    """Errors (N, 1) of what is dreamt into the test part of the clips, or into the checked one."""
    steps, found = round(horizon_s / STEP_S), []
    for clip in clips:
        begin, end = (clip.middle, None) if testing else (clip.split, clip.middle)
        at = np.arange(0, len(clip.frames[:end]), clip.rate_hz * STEP_S).round().astype(int)
        at = at[at < len(clip.frames[:end])]
        primed = max(PRIMED, int(np.searchsorted(at, begin)) - steps)
        if len(at) > primed + steps:
            x = to_tensor(clip.frames[at], autoencoder.side)
            found.append(horizon_errors(autoencoder, memory, x, [horizon_s], primed))
    return HorizonErrors(*(torch.cat(part) for part in zip(*found, strict=True)))
