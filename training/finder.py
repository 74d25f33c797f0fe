"""The recipe of fastest_det_edge: FastestDet's COCO weights, adapted to this camera's view.

Three kinds of pictures take turns: rendered streets and PETS frames, whose people and vehicles are
known, and real streets, of which the published network says what it has always said (distillation,
Li & Hoiem 2016, arXiv:1606.09282), so that nothing is forgotten.  Batch norms keep their
statistics: the batches are mixed.  Views are parts of the picture that the pipeline will ask about;
sizes are told in parts of the whole.
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
from road_clarity.models.fastest_det import PUBLISHED_SIZE, Cells, FastestDet, resized
from road_clarity.safety.settings import setting
from road_clarity.training import finder_data as data
from road_clarity.training.data_root import data_root
from road_clarity.training.finder_card import card
from road_clarity.training.finder_loss import known_loss, taught_loss
from road_clarity.training.finder_score import average_precision, network_input
from road_clarity.training.finder_streets import Clip, street_pictures
from road_clarity.training.fit import fit
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import cosine, warm_up

PUBLISHED = "weights/fastestdet_280epoch.pth"  # below the data folder
SHARES = (0.5, 0.2, 0.3)  # of a batch: rendered, PETS, real streets
# Stories with people near us are rendered more often: the others with every third seed only
PEOPLE = (
    "pedestrian_dart_out", "pedestrian_waits", "pedestrian_hesitates", "pedestrian_walks_on",
    "crossing", "parked_street",
)  # fmt: skip
OTHERS = ("calm_drive", "lead_vehicle_brakes", "lane_drift")
FIRST_SEED, FIRST_CHECKED = 3000, 3900  # evaluation takes seeds from 4000 on
STREETS = "streets"  # below OUT


@dataclass(frozen=True, kw_only=True)
class FinderConfig(FitConfig):
    steps: int = setting(1150, "batches to learn from", low=1)
    batch: int = setting(16, "views in a batch", low=5)
    seeds: int = setting(10, "streets of every story to render and learn from", low=1, high=900)
    check_every: int = setting(50, "batches between two scores", low=1)
    memory: float = setting(0.99, "of the mean of the weights, per batch", low=0.0, high=1.0)
    precision: str = setting("fp32", "of the network's arithmetic", among=("bf16", "fp32"))
    learning_rate: float = setting(8e-4, "after the warm-up", low=0.0)
    weight_decay: float = setting(1e-4, "of AdamW", low=0.0)
    weights: Path = setting(WEIGHTS, "folder to publish the best into")


CONFIG = FinderConfig


class Taught(NamedTuple):
    """What the network says, and what the published one says of the same views."""

    ours: Cells
    teacher: Cells


class FinderRecipe(Recipe[FastestDet, data.Views]):
    chosen_by = "mean_ap"
    with_untold = False  # people of PETS of whom its truth is silent

    def __init__(self, config: FinderConfig, out: Path) -> None:
        self.config: FinderConfig = config
        root, folder = data_root(), out / STREETS
        self.sources = (
            list(street_pictures(learnt(config.seeds), folder)),
            list(data.pets_learnt(root, self.with_untold)),
            list(data.unlabelled(root, last_part=False)),
        )
        streets = list(street_pictures(CHECKED, folder))[::2]
        self.streets = [data.whole_view(one) for one in streets]
        self.people = [data.whole_view(one) for one in data.pets_checked(root)]
        torch.manual_seed(config.seed)
        self.network = FastestDet()
        state = torch.load(root / PUBLISHED, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state)
        self.teacher = copy.deepcopy(self.network).eval().requires_grad_(False)
        say_in_parts_of_the_whole(self.network)

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
        shown = (x.shape[2], x.shape[3])
        with torch.no_grad():
            teacher = resized(self.teacher(x), PUBLISHED_SIZE, shown)
        return Taught(resized(self.network(x), FastestDet.input_size, shown), teacher)

    def loss(self, answer: Taught, batch: data.Views) -> Tensor:
        known = batch.known != data.NOTHING_KNOWN
        part = float(known.float().mean())
        ours, theirs = (picked(one, known) for one in answer)
        told = known_loss(ours, theirs, data.Views(*(one[known] for one in batch)))
        taught = taught_loss(*(picked(one, ~known) for one in answer))
        return part * told + (1 - part) * taught

    def score(self, network: FastestDet) -> dict[str, float]:
        pets = average_precision(network, self.people, data.PERSON)
        found = {"pets_person_ap": pets} | self.on_streets(network)
        return {"mean_ap": float(np.mean(list(found.values())))} | found

    def on_streets(self, network: FastestDet) -> dict[str, float]:
        """Average precision on the rendered streets that are not learnt from."""
        return {
            "rendered_person_ap": average_precision(network, self.streets, data.PERSON),
            "rendered_vehicle_ap": average_precision(network, self.streets, data.VEHICLE),
        }

    def publish(
        self, network: FastestDet, score: dict[str, float], step: int, seconds: float
    ) -> None:
        made: Card = card(self.config, step, seconds, score)
        publish(made, network.state_dict(), self.config.weights)


def learnt(seeds: int) -> list[Clip]:
    """Story and seed of the streets to learn from."""
    people = [(story, FIRST_SEED + n) for n in range(seeds) for story in PEOPLE]
    return people + [(story, FIRST_SEED + n) for n in range(0, seeds, 3) for story in OTHERS]


CHECKED: list[Clip] = [(story, FIRST_CHECKED) for story in (*PEOPLE, *OTHERS)]


def say_in_parts_of_the_whole(network: FastestDet) -> None:
    """Published sizes are sigmoids in parts of PUBLISHED_SIZE; small ones grow with the bias."""
    last = network.get_parameter("detect_head.reg_layers.conv5x5.4.bias")
    parts = [p / w for p, w in zip(PUBLISHED_SIZE, FastestDet.input_size, strict=True)]
    with torch.no_grad():
        last[2:4] += torch.tensor(parts[::-1]).log()  # width, height


def picked(cells: Cells, which: Tensor) -> Cells:
    """Those views of a batch."""
    return Cells(*(one[which] for one in cells))


def train(config: FinderConfig, out: Path) -> None:
    """Learn, or go on learning."""
    fit(FinderRecipe(config, out), out)
