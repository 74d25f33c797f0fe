"""A recipe small enough for tests: four numbers go in, their sum is to come out.

python tests/line_recipe.py OUT STEPS   trains it, under torchrun as well
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from road_clarity.models.errors import BadInput
from road_clarity.safety.settings import setting
from road_clarity.training.fit import fit
from road_clarity.training.recipe import FitConfig, Recipe


class Sums(NamedTuple):
    numbers: Tensor  # (B, 4)
    sums: Tensor  # (B,)


@dataclass(frozen=True, kw_only=True)
class LineConfig(FitConfig):
    precision: str = setting("fp32", "of the network's arithmetic", among=("bf16", "fp32"))
    check_every: int = setting(10, "steps between two scores and checkpoints", low=1)
    dropout: float = setting(0.0, "share of the hidden numbers left out", low=0.0, high=1.0)
    learning_rate: float = setting(1e-2, "of Adam", low=0.0)
    broken: int = setting(-1, "number of a sample that cannot be read")


class Line(Recipe[nn.Sequential, Sums]):
    chosen_by = "accuracy"

    def __init__(self, config: LineConfig) -> None:
        self.config: LineConfig = config
        torch.manual_seed(config.seed)
        layers = nn.Linear(4, 8), nn.Tanh(), nn.Dropout(config.dropout), nn.Linear(8, 1)
        self.network = nn.Sequential(*layers)
        self.published: list[int] = []

    def optimisers(self) -> list[torch.optim.Optimizer]:
        return [torch.optim.AdamW(self.network.parameters())]

    def rate(self, step: int) -> float:
        return self.config.learning_rate

    def sample(self, number: int, rng: np.random.Generator) -> Sums:
        if number == self.config.broken:
            raise BadInput("image", "seven.jpg", "it cannot be read")
        numbers = torch.from_numpy(rng.normal(size=4).astype(np.float32))
        return Sums(numbers, numbers.sum())

    def answer(self, batch: Sums) -> Tensor:
        return self.network(batch.numbers)[:, 0]

    def loss(self, answer: Tensor, batch: Sums) -> Tensor:
        return (answer - batch.sums).square().mean()

    def score(self, network: nn.Sequential) -> dict[str, float]:
        return {"accuracy": -abs(float(network(torch.ones(4))) - 4)}

    def publish(
        self, network: nn.Sequential, score: dict[str, float], step: int, seconds: float
    ) -> None:
        self.published.append(step)


if __name__ == "__main__":
    fit(Line(LineConfig(steps=int(sys.argv[2]))), Path(sys.argv[1]))
