"""What a recipe is: everything the loop of training.fit must know about a network's training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer

from road_clarity.safety.settings import Checked, setting

Net = TypeVar("Net", bound=nn.Module)
Item = TypeVar("Item")  # a NamedTuple of tensors: one sample, and stacked (B, ...) a batch


@dataclass(frozen=True, kw_only=True)
class FitConfig(Checked):
    """Settings that every recipe has; its own come with a subclass."""

    steps: int = setting(1000, "optimiser steps", low=1)
    batch: int = setting(8, "samples per step, over all processes", low=1)
    seed: int = setting(0, "of all random choices", low=0)
    precision: str = setting("bf16", "of the network's arithmetic", among=("bf16", "fp32"))
    memory: float = setting(
        0.0, "of the mean of the weights, per step; 0: no mean", low=0.0, high=1.0
    )
    parts: int = setting(1, "a batch is worked through one by one, to save memory", low=1)
    clip: float = setting(0.0, "largest norm of the gradient; 0: any", low=0.0)
    check_every: int = setting(100, "steps between two scores and checkpoints", low=1)
    workers: int = setting(0, "processes that make samples; 0: none but the training one", low=0)


class Recipe(ABC, Generic[Net, Item]):
    """How one network learns.  Where it is built, seed torch first: weights are random, too."""

    config: FitConfig
    network: Net
    chosen_by: str  # name of the score whose largest value marks the best weights

    @abstractmethod
    def optimisers(self) -> Sequence[Optimizer]:
        """Over the network's parameters; a group may have a "share" of the learning rate."""

    @abstractmethod
    def rate(self, step: int) -> float:
        """Learning rate of step 0, 1, ..."""

    @abstractmethod
    def sample(self, number: int, rng: np.random.Generator) -> Item:
        """Sample 0, 1, ... of the whole training; all its chance comes from `rng`."""

    @abstractmethod
    def answer(self, batch: Item) -> Any:
        """What self.network says about a batch: tensors.  Runs in the config's precision."""

    @abstractmethod
    def loss(self, answer: Any, batch: Item) -> Tensor:
        """Scalar mean over the batch, of float32 answers.  Chance comes from torch's generator."""

    @abstractmethod
    def score(self, network: Net) -> dict[str, float]:
        """Of the network (or the mean of its weights) in eval mode, on held-out data."""

    def publish(self, network: Net, score: dict[str, float], step: int, seconds: float) -> None:
        """Called at every new best, which fit has already kept as OUT/best.safetensors."""

    def to_learn(self) -> None:
        """Put the network into training mode."""
        self.network.train()

    def memory(self, step: int) -> float:
        """Share of the mean that step 1, 2, ... keeps; it begins as what the first step left."""
        return self.config.memory if step > 1 else 0.0
