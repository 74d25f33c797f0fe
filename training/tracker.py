"""Recipe of the tracker (lorat_edge): a transformer on ImageNet features learns to match.

1. match: all weights but the convolutions' learn template matching, for lack of a large base, or
   go on learning it from weights of a tracker with larger regions;
2. adapt: as published, the base is frozen; LoRA, token types and head go on learning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from road_clarity.models.conv_embed import ConvEmbed
from road_clarity.models.errors import BadInput
from road_clarity.models.lora import merge
from road_clarity.models.lorat import SEARCH, Lorat, build_lorat
from road_clarity.models.state_dict_fit import misfit
from road_clarity.safety.settings import Checked, setting
from road_clarity.training import tracker_answers as answers
from road_clarity.training.data_root import data_root
from road_clarity.training.fit import CHECKPOINT, fit
from road_clarity.training.imagenet_start import start_lite0
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.start_file import read_start
from road_clarity.training.tracker_card import ARCHITECTURE, tracker_card
from road_clarity.training.tracker_lorat import freeze_and_adapt
from road_clarity.training.tracking_data import held_out_mixture, learning_mixture
from road_clarity.training.tracking_pairs import Mixture, Pair
from road_clarity.training.vit_optimiser import CLIP, WEIGHT_DECAY, adam, course, with_muon

RANK = 16
TYPE_STD = 0.5  # of the token types at first; tokens have 1, so that .02 would go unheard
PLACE_STD = 0.02
LAYER_SCALE = 0.1  # at first; a pretrained base's would be learned
ADAPT_RATE = 5e-4
CHECKED_PAIRS = 96


@dataclass(frozen=True, kw_only=True)
class TrackerConfig(Checked):
    start: Path | None = setting(
        None, "weights of a lorat_c4 or lorat_k4 to go on from; none: ImageNet's convolutions"
    )
    match: int = setting(2500, "steps of learning to match", low=1)
    match_rate: float = setting(2e-3, "learning rate of match; less to go on from weights", low=0.0)
    adapt: int = setting(150, "steps of LoRA; 0: none", low=0)
    batch: int = setting(24, "pairs per step", low=1)
    simulated: float = setting(0.2, "share of the pairs that are simulated", low=0.0, high=1.0)
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
    """Of either stage."""

    learning_rate: float
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
        return answers.answer(self.network, batch)

    def loss(self, answer: answers.Answer, batch: Pair) -> Tensor:
        return answers.loss(answer, batch)

    def score(self, network: Lorat) -> dict[str, float]:
        return {"overlap": answers.overlap(network, self.check)}

    def publish(self, network: Lorat, score: dict[str, float], step: int, seconds: float) -> None:
        card = tracker_card(self.settings, self.stage, seconds, score["overlap"])
        publish(card, network.state_dict(), self.settings.weights)


def train(config: TrackerConfig, out: Path) -> None:
    """Both stages, or what is left of them."""
    network, root = start(config), data_root()
    check = answers.check_pairs(held_out_mixture(root), network.regions, CHECKED_PAIRS)
    material = Material(learning_mixture(root, config.simulated), check)
    if not (out / "adapt" / CHECKPOINT).is_file():
        fit(PairRecipe(network, config, "match", material), out / "match")
    if config.adapt:
        freeze_and_adapt(network, RANK)
        fit(PairRecipe(network, config, "adapt", material), out / "adapt")


def start(config: TrackerConfig) -> Lorat:
    """Convolutions that stay as they are under blocks that go on learning.  Raises BadInput."""
    torch.manual_seed(config.seed)
    network = build_lorat(ARCHITECTURE)
    embed = cast(ConvEmbed, network.patch_embed)
    if config.start is None:
        start_lite0(embed.trunk)
        start_blocks(network)
    else:
        go_on_from(network, config.start)
    embed.trunk.requires_grad_(False)
    return network


def start_blocks(network: Lorat) -> None:
    """A transformer that knows nothing."""
    nn.init.trunc_normal_(network.pos_embed, std=PLACE_STD)
    network.token_type_embed.data[:SEARCH].normal_(std=TYPE_STD)
    for name, parameter in network.named_parameters():
        if name.endswith("gamma"):
            nn.init.constant_(parameter, LAYER_SCALE)


def go_on_from(network: Lorat, path: Path) -> None:
    """A smaller search region keeps the top-left positions, as a template does.

    Raises BadInput when the weights are of another network.
    """
    state = merge({key: value.float() for key, value in read_start(path).items()})
    places = state.get("pos_embed", torch.zeros(1, 0, 0))
    side, wanted = math.isqrt(places.shape[1]), network.side
    if side > wanted:
        kept = places.unflatten(1, (side, side))[:, :wanted, :wanted]
        state["pos_embed"] = kept.flatten(1, 2)
    if wrong := misfit(state, network.state_dict()):
        raise BadInput("start", path, f"must be of a lorat_c4 or lorat_k4; {wrong.said()}")
    network.load_state_dict(state)


def pair_config(config: TrackerConfig, stage: str) -> PairConfig:
    matching = stage == "match"
    return PairConfig(
        steps=config.match if matching else config.adapt,
        batch=config.batch,
        seed=config.seed,
        clip=CLIP,
        check_every=config.check_every,
        workers=config.workers,
        learning_rate=config.match_rate if matching else ADAPT_RATE,
        simulated=config.simulated,
    )
