"""Recipe of the tracker (lorat_edge): a transformer learns to see, to match, and then adapts.

1. see: the transformer imitates ImageNet features on street pictures (training.vit_pretraining);
2. match: all weights learn template matching, for lack of a large base; on part of the tokens,
   which is cheap, and at every few steps on whole regions, as the tracker is used;
3. adapt: as published, the base is frozen; LoRA, token types and head learn on whole regions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.lorat import SEARCH, Lorat, build_lorat
from road_clarity.safety.settings import Checked, setting
from road_clarity.training import tracker_answers as answers
from road_clarity.training.data_root import data_root
from road_clarity.training.fit import CHECKPOINT, fit
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.tracker_card import tracker_card
from road_clarity.training.tracker_lorat import freeze_and_adapt
from road_clarity.training.tracking_data import held_out_mixture, learning_mixture
from road_clarity.training.tracking_pairs import Mixture, Pair
from road_clarity.training.vit_optimiser import CLIP, WEIGHT_DECAY, adam, course, with_muon
from road_clarity.training.vit_pretraining import SeeRecipe

ARCHITECTURE = "lorat_t6_224"
RANK = 16
TYPE_STD = 0.5  # of the token types at first; tokens have 1, so that .02 would go unheard
MATCH_RATE, ADAPT_RATE = 2e-3, 5e-4
CHECKED_PAIRS = 96


@dataclass(frozen=True, kw_only=True)
class TrackerConfig(Checked):
    see: int = setting(300, "steps of learning to see", low=1)
    match: int = setting(1200, "steps of learning to match", low=1)
    adapt: int = setting(460, "steps of LoRA", low=1)
    see_batch: int = setting(32, "crops per step of learning to see", low=1)
    batch: int = setting(24, "pairs per step", low=1)
    whole: float = setting(0.25, "share of match's steps on whole regions", low=0.0, high=1.0)
    simulated: float = setting(0.0, "share of the pairs that are simulated", low=0.0, high=1.0)
    weights: Path = setting(WEIGHTS, "folder to publish the best into")
    check_every: int = setting(100, "steps between two scores and checkpoints", low=1)
    seed: int = setting(0, "of all random choices", low=0)
    workers: int = setting(0, "processes that make samples; 0: none but the training one", low=0)


CONFIG = TrackerConfig


class Material(NamedTuple):
    """Pairs to learn from, and held-out ones."""

    learn: Mixture
    check: list[Pair]


@dataclass(frozen=True, kw_only=True)
class PairConfig(FitConfig):
    """Of the second or third stage."""

    learning_rate: float
    whole: float
    simulated: float


class PairRecipe(Recipe[Lorat, Pair]):
    """Learning from pairs: with all weights, or with those beside a frozen base."""

    chosen_by = "overlap"

    def __init__(
        self, network: Lorat, settings: TrackerConfig, stage: str, material: Material
    ) -> None:
        self.network, self.settings, self.stage = network, settings, stage
        self.pairs, self.check = material
        self.config: PairConfig = pair_config(settings, stage)

    def optimisers(self) -> Sequence[torch.optim.Optimizer]:
        if self.stage == "match":
            return with_muon(self.network)
        return adam(self.network, WEIGHT_DECAY)

    def rate(self, step: int) -> float:
        return self.config.learning_rate * course(step, self.config.steps)

    def sample(self, number: int, rng: np.random.Generator) -> Pair:
        return self.pairs.draw(self.network.regions, rng)

    def answer(self, batch: Pair) -> answers.Answer:
        on_whole_regions = torch.rand(()).item() < self.config.whole
        return (answers.whole if on_whole_regions else answers.thinned)(self.network, batch)

    def loss(self, answer: answers.Answer, batch: Pair) -> Tensor:
        return answers.loss(answer, batch)

    def score(self, network: Lorat) -> dict[str, float]:
        return {"overlap": answers.overlap(network, self.check)}

    def publish(self, network: Lorat, score: dict[str, float], step: int, seconds: float) -> None:
        card = tracker_card(self.settings, self.stage, seconds, score["overlap"])
        publish(card, network.state_dict(), self.settings.weights)


def train(config: TrackerConfig, out: Path) -> None:
    """The three stages, or what is left of them."""
    torch.manual_seed(config.seed)
    network, root = build_lorat(ARCHITECTURE), data_root()
    begun = {stage: (out / stage / CHECKPOINT).is_file() for stage in ("match", "adapt")}
    if not any(begun.values()):
        fit(SeeRecipe(network, see_config(config), root), out / "see")
        tell_types_apart(network, config.seed)
    check = answers.check_pairs(held_out_mixture(root), network.regions, CHECKED_PAIRS)
    material = Material(learning_mixture(root, config.simulated), check)
    if not begun["adapt"]:
        network.requires_grad_(True)
        fit(PairRecipe(network, config, "match", material), out / "match")
    freeze_and_adapt(network, RANK)
    fit(PairRecipe(network, config, "adapt", material), out / "adapt")


def tell_types_apart(network: Lorat, seed: int) -> None:
    """Token types that a token of unit variance does not drown."""
    generator = torch.Generator().manual_seed(seed)
    network.token_type_embed.data[:SEARCH].normal_(std=TYPE_STD, generator=generator)


def see_config(config: TrackerConfig) -> FitConfig:
    return FitConfig(
        steps=config.see,
        batch=config.see_batch,
        seed=config.seed,
        clip=CLIP,
        check_every=config.check_every,
        workers=config.workers,
    )


def pair_config(config: TrackerConfig, stage: str) -> PairConfig:
    matching = stage == "match"
    return PairConfig(
        steps=config.match if matching else config.adapt,
        batch=config.batch,
        seed=config.seed,
        clip=CLIP,
        check_every=config.check_every,
        workers=config.workers,
        learning_rate=MATCH_RATE if matching else ADAPT_RATE,
        whole=config.whole if matching else 1.0,
        simulated=config.simulated,
    )
