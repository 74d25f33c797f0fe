"""The recipe of fastest_det_edge: FastestDet's COCO weights, adapted to this camera's view.

Three kinds of pictures take turns: rendered streets and PETS frames, whose people and vehicles are
known, and real streets, of which the published network says what it has always said (distillation,
Li & Hoiem 2016, arXiv:1606.09282), so that nothing is forgotten.  Batch norms keep their
statistics: the batches are mixed.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from road_clarity.models.cards import Card
from road_clarity.models.fastest_det import Cells, FastestDet
from road_clarity.safety.settings import setting
from road_clarity.training import finder_data as data
from road_clarity.training.data_root import data_root
from road_clarity.training.finder_card import card
from road_clarity.training.finder_loss import known_loss, taught_loss
from road_clarity.training.finder_score import average_precision, network_input
from road_clarity.training.fit import fit
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import cosine, warm_up

PUBLISHED = "weights/fastestdet_280epoch.pth"  # below the data folder
SHARES = (0.4, 0.2, 0.4)  # of a batch: rendered, PETS, real streets


@dataclass(frozen=True, kw_only=True)
class FinderConfig(FitConfig):
    steps: int = setting(1200, "batches to learn from", low=1)
    batch: int = setting(10, "views in a batch", low=5)
    check_every: int = setting(100, "batches between two scores", low=1)
    memory: float = setting(0.99, "of the mean of the weights, per batch", low=0.0, high=1.0)
    precision: str = setting("fp32", "of the network's arithmetic", among=("bf16", "fp32"))
    learning_rate: float = setting(4e-4, "after the warm-up", low=0.0)
    weight_decay: float = setting(1e-4, "of AdamW", low=0.0)
    weights: Path = setting(WEIGHTS, "folder to publish the best into")


CONFIG = FinderConfig


class Taught(NamedTuple):
    """What the network says, and what the published one says of the same views."""

    ours: Cells
    teacher: Cells


class FinderRecipe(Recipe[FastestDet, data.Views]):
    chosen_by = "mean_ap"

    def __init__(self, config: FinderConfig) -> None:
        self.config: FinderConfig = config
        root = data_root()
        self.sources = (
            list(data.rendered(data.LEARNT, data.RENDERED)),
            list(data.pets_learnt(root)),
            list(data.unlabelled(root, last_part=False)),
        )
        streets = list(data.rendered(data.CHECKED, data.RENDERED_CHECK))
        self.streets = [data.whole_view(one) for one in streets]
        self.people = [data.whole_view(one) for one in data.pets_checked(root)]
        torch.manual_seed(config.seed)
        self.network = FastestDet()
        state = torch.load(root / PUBLISHED, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state)
        self.teacher = copy.deepcopy(self.network).eval().requires_grad_(False)

    def optimisers(self) -> Sequence[torch.optim.Optimizer]:
        decay = self.config.weight_decay
        return [torch.optim.AdamW(self.network.parameters(), weight_decay=decay)]

    def rate(self, step: int) -> float:
        course = warm_up(step, 50) * cosine(step, self.config.steps, last=0.02)
        return self.config.learning_rate * course

    def to_learn(self) -> None:
        self.network.train()
        for one in self.network.modules():
            if isinstance(one, nn.BatchNorm2d):
                one.eval()

    def sample(self, number: int, rng: np.random.Generator) -> data.Views:
        place = (number % self.config.batch) / self.config.batch
        source = self.sources[int(np.searchsorted(np.cumsum(SHARES)[:-1], place, side="right"))]
        return data.random_view(source[rng.integers(len(source))], rng)

    def answer(self, batch: data.Views) -> Taught:
        x = network_input(batch.image)
        with torch.no_grad():
            teacher = self.teacher(x)
        return Taught(self.network(x), teacher)

    def loss(self, answer: Taught, batch: data.Views) -> Tensor:
        known = batch.known != data.NOTHING_KNOWN
        part = float(known.float().mean())
        ours, theirs = (picked(one, known) for one in answer)
        told = known_loss(ours, theirs, data.Views(*(one[known] for one in batch)))
        taught = taught_loss(*(picked(one, ~known) for one in answer))
        return part * told + (1 - part) * taught

    def score(self, network: FastestDet) -> dict[str, float]:
        found = {
            "pets_person_ap": average_precision(network, self.people, data.PERSON),
            "rendered_person_ap": average_precision(network, self.streets, data.PERSON),
            "rendered_vehicle_ap": average_precision(network, self.streets, data.VEHICLE),
        }
        return {"mean_ap": float(np.mean(list(found.values())))} | found

    def publish(
        self, network: FastestDet, score: dict[str, float], step: int, seconds: float
    ) -> None:
        made: Card = card(self.config, step, seconds, score)
        publish(made, network.state_dict(), self.config.weights)


def picked(cells: Cells, which: Tensor) -> Cells:
    """Those views of a batch."""
    return Cells(*(one[which] for one in cells))


def train(config: FinderConfig, out: Path) -> None:
    """Learn, or go on learning."""
    fit(FinderRecipe(config), out)
