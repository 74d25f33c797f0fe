"""SCNN's published recipe (Pan et al. 2018, section 4): CULane, or TuSimple by the same protocol.

SGD with Nesterov momentum and polynomial decay, 60 000 steps of 12 images for CULane; the best
weights lie in OUT/best.safetensors, with the published keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.iou import Confusion, confusion, empty, iou
from road_clarity.models.scnn import CLASSES, PUBLISHED_SIZES, LaneMaps, ScnnLite0, ScnnVgg16
from road_clarity.safety.settings import setting
from road_clarity.training.culane import read_culane
from road_clarity.training.epochs import shuffled
from road_clarity.training.fit import fit
from road_clarity.training.imagenet_start import start_lite0, start_vgg16
from road_clarity.training.labelled_road import LabelledRoad, Roads
from road_clarity.training.lane_loss import LaneBatch, at_image_size, lane_loss
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.road_augment import Colour, plain, vary
from road_clarity.training.schedules import poly, warm_up
from road_clarity.training.tusimple_roads import read_tusimple

READERS: dict[str, Callable[[Path, tuple[str, ...]], Roads]] = {
    "culane": read_culane,
    "tusimple": read_tusimple,
}
INPUT_SIZES = dict(zip(READERS, PUBLISHED_SIZES, strict=True))  # rows, columns
Network = ScnnVgg16 | ScnnLite0


@dataclass(frozen=True, kw_only=True)
class PublishedLanesConfig(FitConfig):
    steps: int = setting(60_000, "optimiser steps", low=1)
    batch: int = setting(12, "images per step, over all processes", low=1)
    precision: str = setting("fp32", "of the network's arithmetic", among=("bf16", "fp32"))
    check_every: int = setting(2000, "steps between two scores and checkpoints", low=1)
    data: Path = setting(MISSING, "folder of the data set")
    layout: str = setting("culane", "of that folder", among=tuple(READERS))
    learn: tuple[str, ...] = setting(("list/train_gt.txt",), "lists below data to learn from")
    check: tuple[str, ...] = setting(("list/val_gt.txt",), "lists below data to score on")
    checked: int = setting(1000, "images to score on, spread over the lists", low=1)
    network: str = setting("scnn_vgg16", "what learns", among=("scnn_vgg16", "scnn_lite0"))
    imagenet: Path | None = setting(None, "weights of vgg16_bn to start from, torchvision's keys")
    learning_rate: float = setting(0.01, "at the start", low=0.0)
    warm_up: int = setting(1, "steps to the full rate", low=1)
    momentum: float = setting(0.9, "of SGD, as Nesterov's", low=0.0, high=1.0)
    weight_decay: float = setting(1e-4, "of all weights", low=0.0)


CONFIG = PublishedLanesConfig


class PublishedLanes(Recipe[Network, LaneBatch]):
    chosen_by = "lane_iou"

    def __init__(self, config: PublishedLanesConfig) -> None:
        """Raises BadInput for data or weights that cannot be used."""
        self.config: PublishedLanesConfig = config
        read = READERS[config.layout]
        self.roads, self.held_out = read(config.data, config.learn), read(config.data, config.check)
        torch.manual_seed(config.seed)
        self.network = started(config)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def optimisers(self) -> list[torch.optim.Optimizer]:
        config = self.config
        return [
            torch.optim.SGD(
                self.network.parameters(),
                momentum=config.momentum,
                nesterov=config.momentum > 0,
                weight_decay=config.weight_decay,
            )
        ]

    def rate(self, step: int) -> float:
        course = warm_up(step, self.config.warm_up) * poly(step, self.config.steps)
        return self.config.learning_rate * course

    def sample(self, number: int, rng: np.random.Generator) -> LaneBatch:
        """The next road of this epoch, varied."""
        road = self.roads[shuffled(number, len(self.roads), self.config.seed)]
        return tensors(vary(road, self.network.input_size, mean_colour(self.network), rng))

    def answer(self, batch: LaneBatch) -> LaneMaps:
        maps: LaneMaps = self.network(self.network.prepare(batch.image))
        return maps

    def loss(self, answer: LaneMaps, batch: LaneBatch) -> Tensor:
        return lane_loss(answer, batch)

    def score(self, network: Network) -> dict[str, float]:
        """Mean IoU of the drawn lanes' pixels, and how many of the four flags are right."""
        pixels, right = empty(CLASSES), 0
        count = min(self.config.checked, len(self.held_out))
        for index in np.linspace(0, len(self.held_out) - 1, count).astype(int):
            road = plain(self.held_out[index], network.input_size)
            image = tensors(road).image[None].to(next(network.parameters()).device)
            maps = network(network.prepare(image))
            said = at_image_size(maps.logits)[0].argmax(0).byte().cpu().numpy()
            pixels += confusion(road.classes, said, CLASSES)
            right += int(((maps.existence[0] > 0.5).cpu().numpy() == road.existence).sum())
        return {"lane_iou": lane_iou(pixels), "existence": right / (count * (CLASSES - 1))}


def train(config: PublishedLanesConfig, out: Path) -> None:
    fit(PublishedLanes(config), out)


def started(config: PublishedLanesConfig) -> Network:
    """The network as training begins: its trunk from ImageNet, the rest random."""
    size = INPUT_SIZES[config.layout]
    if config.network == "scnn_lite0":
        small = ScnnLite0(size)
        start_lite0(small.trunk)
        return small
    large = ScnnVgg16(size)
    if config.imagenet:
        start_vgg16(large, config.imagenet)
    return large


def mean_colour(network: Network) -> Colour:
    """What `prepare` makes zeros of, RGB 0..255."""
    red, green, blue = (255 * part for part in network.mean)
    return red, green, blue


def tensors(road: LabelledRoad) -> LaneBatch:
    parts = (road.image, road.classes, road.existence)
    return LaneBatch(*(torch.from_numpy(np.ascontiguousarray(part)) for part in parts))


def lane_iou(pixels: Confusion) -> float:
    """Mean over the four lanes, of those that occur; 0 where there are none at all."""
    lanes = iou(pixels)[1:]
    return float(np.nanmean(lanes)) if np.isfinite(lanes).any() else 0.0
