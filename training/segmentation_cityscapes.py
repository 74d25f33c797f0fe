"""Any FFNet on Cityscapes, from random weights or a backbone that knows ImageNet.

Mehta et al. 2022 (arXiv:2206.08236) did not publish their Cityscapes recipe.  This is HRNet's (Wang
et al. 2019, arXiv:1908.07919, section 4.2), the usual one for nets of this kind: SGD, polynomial
decay, hard pixels only.  OUT/best.safetensors has the published names and can be imported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import FFNet, build_ffnet, normalise
from road_clarity.models.iou import iou, mean_iou
from road_clarity.safety.cityscapes import CITYSCAPES_CLASSES
from road_clarity.safety.settings import setting
from road_clarity.training.cityscapes import read_cityscapes
from road_clarity.training.epochs import shuffled
from road_clarity.training.fit import fit
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import poly
from road_clarity.training.segmentation_augment import cropped_view
from road_clarity.training.segmentation_loss import cross_entropy, hard_cross_entropy
from road_clarity.training.segmentation_score import compared
from road_clarity.training.start_file import read_start

BACKBONE = "backbone_model."  # how the names of its weights begin
MOMENTUM = 0.9
HEAD_STD, HEAD_BIAS = 0.01, 1e-4  # of the published start


@dataclass(frozen=True, kw_only=True)
class CityscapesConfig(FitConfig):
    data: Path = setting(MISSING, "folder of leftImg8bit and gtFine")
    architecture: str = setting("ffnet_40s_bbb", "any FFNet, such as ffnet_78s_dbbb")
    imagenet: Path | None = setting(None, "weights of which only the backbone's are taken")
    input_height: int = setting(512, "of the whole image for the network; dBBB: 1024 [px]", low=32)
    crop_height: int = setting(512, "of a view to learn from [px]", low=32)
    crop_width: int = setting(1024, "of a view to learn from [px]", low=32)
    steps: int = setting(120_000, "484 epochs of 2975 images", low=1)
    batch: int = setting(12, "views per step, over all processes", low=1)
    check_every: int = setting(2500, "steps between two scores on val", low=1)
    learning_rate: float = setting(0.01, "of SGD at the beginning", low=0.0)
    weight_decay: float = setting(5e-4, "of SGD", low=0.0)
    pixels: str = setting("hard", "which ones teach; hard: OHEM", among=("hard", "all"))


CONFIG = CityscapesConfig


class Views(NamedTuple):
    """One view, or a batch of them."""

    image: Tensor  # (B, H, W, 3) uint8
    label: Tensor  # (B, H, W) uint8


class CityscapesRecipe(Recipe[FFNet, Views]):
    chosen_by = "miou"

    def __init__(self, config: CityscapesConfig) -> None:
        self.config: CityscapesConfig = config
        self.learn = read_cityscapes(config.data, "train")
        self.choose = read_cityscapes(config.data, "val")
        self.whole = (2 * config.input_height, config.input_height)  # width, height
        torch.manual_seed(config.seed)
        self.network = build_ffnet(config.architecture)
        if config.imagenet is not None:
            start_from_imagenet(self.network, config.imagenet)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def optimisers(self) -> Sequence[torch.optim.Optimizer]:
        decay = self.config.weight_decay
        weights = self.network.parameters()
        return [torch.optim.SGD(weights, momentum=MOMENTUM, weight_decay=decay)]

    def rate(self, step: int) -> float:
        return self.config.learning_rate * poly(step, self.config.steps)

    def sample(self, number: int, rng: np.random.Generator) -> Views:
        pair = self.learn[shuffled(number, len(self.learn), self.config.seed)]
        size = (self.config.crop_width, self.config.crop_height)
        view = cropped_view(pair, size, self.whole, rng)
        return Views(*(torch.from_numpy(part) for part in view))

    def answer(self, batch: Views) -> Tensor:
        images = normalise(batch.image).contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.network(images)
        return logits

    def loss(self, answer: Tensor, batch: Views) -> Tensor:
        size = batch.label.shape[1:]
        full = F.interpolate(answer, size, mode="bilinear", align_corners=False)
        measure = hard_cross_entropy if self.config.pixels == "hard" else cross_entropy
        return measure(full, batch.label.long())

    def score(self, network: FFNet) -> dict[str, float]:
        """Mean intersection over union on val, at the labels' resolution."""
        pairs = (self.choose[index] for index in range(len(self.choose)))
        matrix = compared(network, pairs, self.whole, len(CITYSCAPES_CLASSES))
        per_class = zip(CITYSCAPES_CLASSES, iou(matrix).tolist(), strict=True)
        occur = {f"iou_{name}": value for name, value in per_class if not math.isnan(value)}
        return {"miou": mean_iou(matrix)} | occur


def train(config: CityscapesConfig, out: Path) -> None:
    """Learn, or go on learning."""
    fit(CityscapesRecipe(config), out)


def start_from_imagenet(network: FFNet, path: Path) -> None:
    """The backbone of the file, and a new head as published.  Raises BadInput."""
    state = {key: value for key, value in read_start(path).items() if key.startswith(BACKBONE)}
    own = {key: value for key, value in network.state_dict().items() if key.startswith(BACKBONE)}
    wrong = [k for k in own if k not in state or state[k].shape != own[k].shape]
    if wrong:
        remedy = (
            f"{len(wrong)} of {len(own)} weights of the backbone do not fit, such as {wrong[0]}"
        )
        raise BadInput("imagenet", path, remedy)
    network.load_state_dict(state, strict=False)
    network.head.apply(start_as_published)


def start_as_published(module: nn.Module) -> None:
    """Small noise: what trains only beneath a backbone that sees already."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, std=HEAD_STD)
        if module.bias is not None:
            nn.init.constant_(module.bias, HEAD_BIAS)
