"""The recipe of ffnet_edge: CamVid's labels and a teacher's on street clips, from ImageNet.

FFNet's own Cityscapes recipe is not public; this one is: cross entropy with rare classes weighted
up, AdamW with warm-up and polynomial decay, and an exponential mean of the weights (Polyak), of
which the state that is best on CamVid val is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from road_clarity.models.ffnet import FFNet, build_ffnet, normalise
from road_clarity.models.iou import Confusion, confusion, empty, iou, mean_iou
from road_clarity.safety.scene import CLASSES
from road_clarity.safety.settings import setting
from road_clarity.training.camvid import read_camvid
from road_clarity.training.data_root import data_root
from road_clarity.training.fit import fit
from road_clarity.training.labelled import Labelled
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import poly, warm_up
from road_clarity.training.segmentation_card import card
from road_clarity.training.segmentation_loss import cross_entropy
from road_clarity.training.segmentation_score import said
from road_clarity.training.segmentation_sources import simulated_streets, teacher_streets
from road_clarity.training.segmentation_start import ARCHITECTURE, parts, start, trunk_of
from road_clarity.training.street_crops import random_view

INPUT_SIZE = (512, 256)  # width, height [px]; every image is squeezed to it
VIEW_SIZE = (384, 192)  # of the crops to learn from: cheaper, and few reach beyond the image
FIRST_MEMORY = 10  # steps in which the mean forgets the random start


@dataclass(frozen=True, kw_only=True)
class SegmentationConfig(FitConfig):
    steps: int = setting(5000, "batches to learn from", low=1)
    batch: int = setting(8, "views in a batch, half of them of CamVid", low=2)
    memory: float = setting(0.998, "of the mean of the weights, per batch", low=0.0, high=1.0)
    check_every: int = setting(325, "batches between two looks at CamVid val", low=1)
    learning_rate: float = setting(2e-3, "after the warm-up", low=0.0)
    trunk_share: float = setting(0.25, "of the rate, for the pretrained trunk", low=0.0)
    kept: int = setting(3, "blocks of the trunk that stay as ImageNet left them", low=0)
    warm_up: int = setting(100, "batches until the full rate", low=1)
    weight_decay: float = setting(0.02, "of AdamW", low=0.0)
    simulated: float = setting(0.0, "share of the views that are simulated", low=0.0, high=1.0)
    weights: Path = setting(WEIGHTS, "folder to publish the best into")


CONFIG = SegmentationConfig


class Views(NamedTuple):
    """One view, or a batch of them."""

    image: Tensor  # (B, H, W, 3) uint8
    label: Tensor  # (B, H, W) uint8


class SegmentationRecipe(Recipe[FFNet, Views]):
    chosen_by = "camvid_val_miou"

    def __init__(self, config: SegmentationConfig, work: Path) -> None:
        """work: folder of the made labels"""
        self.config: SegmentationConfig = config
        camvid = data_root() / "camvid"
        self.learn, self.choose = read_camvid(camvid, "train"), read_camvid(camvid, "val")
        self.streets = teacher_streets(work)
        self.simulated = simulated_streets(work) if config.simulated else []
        self.class_weights = class_weights(self.learn)
        self.matrix = empty(len(CLASSES))  # of the last score
        torch.manual_seed(config.seed)
        self.network = build_ffnet(ARCHITECTURE, len(CLASSES))
        start(self.network, config.kept)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def optimisers(self) -> Sequence[torch.optim.Optimizer]:
        groups = parts(self.network, self.config.trunk_share)
        return [torch.optim.AdamW(groups, weight_decay=self.config.weight_decay)]

    def rate(self, step: int) -> float:
        config = self.config
        course = warm_up(step, config.warm_up) * poly(step, config.steps)
        return config.learning_rate * course

    def sample(self, number: int, rng: np.random.Generator) -> Views:
        """Half of the views show CamVid, half the teacher's streets."""
        pairs = self.learn if number % self.config.batch < self.config.batch // 2 else self.streets
        if rng.random() < self.config.simulated:
            pairs = self.simulated
        view = random_view(pairs[rng.integers(len(pairs))], VIEW_SIZE, INPUT_SIZE, rng)
        return Views(*(torch.from_numpy(part) for part in view))

    def to_learn(self) -> None:
        self.network.train()
        trunk_of(self.network).eval()  # ImageNet's batch statistics are better than a few views'

    def answer(self, batch: Views) -> Tensor:
        images = normalise(batch.image).contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.network(images)
        return logits

    def loss(self, answer: Tensor, batch: Views) -> Tensor:
        finer = F.interpolate(answer, scale_factor=2, mode="bilinear", align_corners=False)
        halved = batch.label[:, 1::2, 1::2].long()  # a quarter of the pixels teaches as much
        return cross_entropy(finer, halved, self.class_weights.to(finer.device))

    def memory(self, step: int) -> float:
        return min(self.config.memory, step / (step + FIRST_MEMORY))

    def score(self, network: FFNet) -> dict[str, float]:
        self.matrix = score(network, self.choose)
        per_class = zip(CLASSES, iou(self.matrix).tolist(), strict=True)
        named = {f"camvid_val_iou_{name}": value for name, value in per_class}
        return {"camvid_val_miou": mean_iou(self.matrix)} | named

    def publish(self, network: FFNet, _: dict[str, float], step: int, seconds: float) -> None:
        made = card(self.config, step, seconds, self.matrix)
        publish(made, network.state_dict(), self.config.weights)


def train(config: SegmentationConfig, out: Path) -> None:
    """Learn, or go on learning; the labels that take minutes to make are kept in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    fit(SegmentationRecipe(config, out), out)


def class_weights(pairs: list[Labelled]) -> Tensor:
    """(11,) inverse root of each class's share of the labels, scaled to mean 1."""
    classes = len(CLASSES)
    counts = sum(np.bincount(pair.label.ravel(), minlength=256)[:classes] for pair in pairs)
    rarity = 1 / np.sqrt(counts / np.sum(counts))
    return torch.tensor(rarity / rarity.mean(), dtype=torch.float32)


def score(network: nn.Module, pairs: list[Labelled]) -> Confusion:
    """At the labels' resolution, made of the same steps as pipeline.segmentation's answer."""
    total = empty(len(CLASSES))
    for pair in pairs:
        answer = said(network, pair.image, INPUT_SIZE, INPUT_SIZE)
        to_label = pair.label.shape[1], pair.label.shape[0]
        answer = np.asarray(cv2.resize(answer, to_label, interpolation=cv2.INTER_NEAREST), np.uint8)
        total += confusion(pair.label, answer, len(CLASSES))
    return total
