"""The published recipe of LoRAT (Lin et al. 2024, arXiv:2403.05231, section 4.1, and its run.yaml).

On DINOv2's frozen weights, LoRA, token types and head learn from pairs out of large data sets, each
asked equally often.  OUT/best.safetensors has the published names, base included, and can be
imported.  One sequence in fifty is held out, to choose among states; the authors take the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from road_clarity.models import dinov2
from road_clarity.models.errors import BadInput
from road_clarity.models.lora import adapt
from road_clarity.models.lorat import SIZES, Lorat, build_lorat
from road_clarity.models.state_dict_fit import misfit
from road_clarity.safety.settings import setting
from road_clarity.training import tracker_answers as answers
from road_clarity.training import tracking_sets as sets
from road_clarity.training.drop_path import drop_paths
from road_clarity.training.fit import fit
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import cosine
from road_clarity.training.start_file import read_start
from road_clarity.training.tracking_pairs import PUBLISHED, Mixture, Pair
from road_clarity.training.vit_optimiser import adam

EPOCH = 1024  # steps: 131072 pairs in batches of 128
FIRST_RATE, LAST_RATE = 1e-7, 1e-6
DROP_PATH = {"l": 0.1, "g": 0.4}  # chance to skip a branch, by size
HELD_OUT = 50  # one sequence in so many


@dataclass(frozen=True, kw_only=True)
class LoratConfig(FitConfig):
    base: Path = setting(MISSING, "DINOv2's weights, such as dinov2_vitb14_pretrain.pth")
    architecture: str = setting("lorat_b_224", "any LoRAT that stands on DINOv2")
    got10k: Path | None = setting(None, "folder that holds train")
    got10k_list: Path | None = setting(None, "of its sequences to use, such as VOT's choice")
    lasot: Path | None = setting(None, "folder of classes and training_set.txt")
    trackingnet: Path | None = setting(None, "folder that holds TRAIN_0, ...")
    coco: Path | None = setting(None, "folder that holds train2017 and annotations")
    otb: Path | None = setting(None, "folder of sequences such as Crossing")
    tld: Path | None = setting(None, "folder of sequences such as 01_david")
    rank: int = setting(64, "of the adaptations", low=1)
    steps: int = setting(170 * EPOCH, "170 epochs of 131072 pairs; GOT-10k alone: 100", low=1)
    batch: int = setting(128, "pairs per step, over all processes", low=1)
    warm_up: int = setting(2 * EPOCH, "steps until the full rate", low=0)
    clip: float = setting(1.0, "largest norm of the gradient; 0: any", low=0.0)
    checked: int = setting(512, "held-out pairs in a score", low=1)
    check_every: int = setting(EPOCH, "steps between two scores and checkpoints", low=1)
    learning_rate: float = setting(1e-4, "of AdamW after the warm-up", low=0.0)
    weight_decay: float = setting(0.1, "of matrices but token types", low=0.0)


CONFIG = LoratConfig


class LoratRecipe(Recipe[Lorat, Pair]):
    chosen_by = "overlap"

    def __init__(self, config: LoratConfig) -> None:
        self.config: LoratConfig = config
        torch.manual_seed(config.seed)
        self.network = build_lorat(config.architecture)
        stand_on(self.network, config.base, config.architecture)
        freeze_and_adapt(self.network, config.rank)
        drop_paths(self.network.blocks, DROP_PATH.get(config.architecture.split("_")[1], 0.0))
        self.pairs, held_out = mixtures(config)
        self.check = answers.check_pairs(held_out, self.network.regions, config.checked)

    def optimisers(self) -> Sequence[torch.optim.Optimizer]:
        return adam(self.network, self.config.weight_decay)

    def rate(self, step: int) -> float:
        """Linear from FIRST_RATE, then a cosine as long as the whole training, so cut short."""
        full, warm_up = self.config.learning_rate, self.config.warm_up
        if step < warm_up:
            return FIRST_RATE + (full - FIRST_RATE) * step / warm_up
        return full * cosine(step - warm_up, self.config.steps, LAST_RATE / full)

    def sample(self, number: int, rng: np.random.Generator) -> Pair:
        return self.pairs.draw(self.network.regions, rng)

    def answer(self, batch: Pair) -> answers.Answer:
        return answers.answer(self.network, batch)

    def loss(self, answer: answers.Answer, batch: Pair) -> Tensor:
        return answers.loss(answer, batch)

    def score(self, network: Lorat) -> dict[str, float]:
        return {"overlap": answers.overlap(network, self.check)}


def train(config: LoratConfig, out: Path) -> None:
    """Learn, or go on learning."""
    fit(LoratRecipe(config), out)


def stand_on(network: Lorat, path: Path, architecture: str) -> None:
    """Put DINOv2's weights beneath.  Raises BadInput when they are those of another size."""
    base, size = read_start(path), architecture.split("_")[1]
    with torch.device("meta"):
        wanted = dinov2.Dinov2(SIZES[size]).state_dict()
    if wrong := misfit(base, wanted):
        file = dinov2.FILES.get(size, "of no published size")
        raise BadInput("base", path, f"must be DINOv2's {file}; {wrong.said()}")
    network.load_state_dict(dinov2.trunk(base, network.side), strict=False)


def freeze_and_adapt(network: Lorat, rank: int) -> None:
    """Only adaptations, token types and head go on learning."""
    adapt(network.blocks, rank)
    for part in (network.patch_embed, network.norm):
        part.requires_grad_(False)
    network.pos_embed.requires_grad_(False)


def mixtures(config: LoratConfig) -> tuple[Mixture, Mixture]:
    """To learn from, and held out.  Raises BadInput."""
    readers: tuple[tuple[Path | None, Callable[[Path], sets.Objects]], ...] = (
        (config.got10k, partial(sets.read_got10k, split="train", listed=config.got10k_list)),
        (config.lasot, partial(sets.read_lasot, split="training")),
        (config.trackingnet, sets.read_trackingnet),
        (config.coco, partial(sets.read_coco, split="train2017")),
        (config.otb, sets.read_otb),
        (config.tld, sets.read_tld),
    )
    found = [read(folder) for folder, read in readers if folder is not None]
    if not found:
        raise BadInput("data", "none", "give a folder as got10k, lasot, trackingnet, coco, ...")
    learn = [[one for i, one in enumerate(objects) if i % HELD_OUT] for objects in found]
    if not all(learn):
        raise BadInput("data", "one sequence", "every data set needs two; one is held out")
    return mixture(learn), mixture([objects[::HELD_OUT] for objects in found])


def mixture(data_sets: Sequence[sets.Objects]) -> Mixture:
    """Every data set equally often."""
    shares = (1 / len(data_sets),) * len(data_sets)
    return Mixture(tuple(sets.source(one) for one in data_sets), shares, PUBLISHED)
