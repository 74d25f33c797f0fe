"""The recipe of ffnet_edge: CamVid's labels and a teacher's on street clips, from random weights.

FFNet's own Cityscapes recipe is not public; this one is: cross entropy with rare classes weighted
up, AdamW with warm-up and polynomial decay, and an exponential mean of the weights (Polyak), of
which the state that is best on CamVid val is published.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional as F

from road_clarity.models.ffnet import normalise
from road_clarity.models.iou import Confusion, confusion, empty, iou, mean_iou
from road_clarity.models.registry import build
from road_clarity.safety.scene import CLASSES
from road_clarity.safety.settings import Checked, setting
from road_clarity.training.camvid import VOID, Labelled, read_camvid
from road_clarity.training.data_root import data_root
from road_clarity.training.publish import publish
from road_clarity.training.segmentation_card import card
from road_clarity.training.street_crops import View, random_view
from road_clarity.training.street_labels import label_street

ARCHITECTURE = "ffnet_22xs_eee"
INPUT_SIZE = (512, 256)  # width, height [px]; every image is squeezed to it
VIEW_SIZE = (
    384,
    192,
)  # of the crops to learn from: cheaper, and few reach beyond the image
DECAY_POWER = 0.9


@dataclass(frozen=True, kw_only=True)
class SegmentationRecipe(Checked):
    steps: int = setting(3800, "batches to learn from", low=1)
    batch: int = setting(8, "views in a batch, half of them of CamVid", low=2)
    rate: float = setting(2e-3, "learning rate after the warm-up", low=0.0)
    warm_up: int = setting(200, "batches until the full rate", low=1)
    weight_decay: float = setting(0.02, "of AdamW", low=0.0)
    memory: float = setting(0.998, "of the mean of the weights, per batch", low=0.0, high=1.0)
    check_every: int = setting(300, "batches between two looks at CamVid val", low=1)
    seed: int = setting(0, "of weights and views", low=0)


@dataclass
class Progress:
    """Everything that a resumed run needs."""

    network: nn.Module
    mean: nn.Module  # exponential mean of the network's weights
    optimiser: torch.optim.Optimizer
    step: int = 0
    best: float = 0.0  # mean IoU on CamVid val
    seconds: float = 0.0


def train_segmentation(
    out: Annotated[Path, typer.Option(help="folder of state, log and made labels")] = Path(
        "out/segmentation"
    ),
    steps: Annotated[int, typer.Option(help="batches to learn from", min=1)] = 3800,
    seed: Annotated[int, typer.Option(help="of weights and views")] = 0,
) -> None:
    """Train the segmentation network (ffnet_edge); continues from OUT when a state is there."""
    train(SegmentationRecipe(steps=steps, seed=seed), out)


def train(recipe: SegmentationRecipe, work: Path) -> None:
    """Learn, resume from `work` when there is a state, publish every best.  Log: work/log.jsonl."""
    work.mkdir(parents=True, exist_ok=True)
    camvid = data_root() / "camvid"
    learn, choose = read_camvid(camvid, "train"), read_camvid(camvid, "val")
    streets = cached_streets(work / "streets.npz")
    weights = class_weights(learn)
    progress = resume(recipe, work / "state.pt")
    while progress.step < recipe.steps:
        started = time.monotonic()
        until = min(progress.step + recipe.check_every, recipe.steps)
        losses = []
        while progress.step < until:
            rng = np.random.default_rng((recipe.seed, progress.step))
            losses.append(learn_once(progress, recipe, batch(learn, streets, recipe, rng), weights))
        matrix = score(progress.mean, choose)
        progress.seconds += time.monotonic() - started
        report(work / "log.jsonl", progress, matrix, float(np.mean(losses)))
        if mean_iou(matrix) > progress.best:
            progress.best = mean_iou(matrix)
            publish(
                card(recipe, progress.step, progress.seconds, matrix), progress.mean.state_dict()
            )
        save(progress, work / "state.pt")


def batch(
    learn: list[Labelled],
    streets: list[Labelled],
    recipe: SegmentationRecipe,
    rng: np.random.Generator,
) -> list[View]:
    """Half of the views show CamVid, half the teacher's streets."""
    half = recipe.batch // 2
    chosen = [learn[i] for i in rng.integers(len(learn), size=half)]
    chosen += [streets[i] for i in rng.integers(len(streets), size=recipe.batch - half)]
    return [random_view(pair, VIEW_SIZE, INPUT_SIZE, rng) for pair in chosen]


def learn_once(
    progress: Progress, recipe: SegmentationRecipe, views: list[View], weights: Tensor
) -> float:
    """One step of the optimiser.  Returns the loss."""
    rate = learning_rate(progress.step, recipe)
    for group in progress.optimiser.param_groups:
        group["lr"] = rate
    images = normalise(torch.from_numpy(np.stack([image for image, _ in views])))
    labels = torch.from_numpy(np.stack([label for _, label in views])).long()
    progress.network.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = progress.network(images.contiguous(memory_format=torch.channels_last))
    finer = F.interpolate(logits.float(), scale_factor=2, mode="bilinear", align_corners=False)
    halved = labels[:, 1::2, 1::2]  # a quarter of the pixels teaches as much
    loss = F.cross_entropy(finer, halved, weight=weights, ignore_index=VOID)
    progress.optimiser.zero_grad()
    loss.backward()
    progress.optimiser.step()
    progress.step += 1
    remember(progress, min(recipe.memory, progress.step / (progress.step + 10)))
    return loss.item()


def learning_rate(step: int, recipe: SegmentationRecipe) -> float:
    """Linear warm-up, then polynomial decay to zero at the last step."""
    decay: float = (1 - step / recipe.steps) ** DECAY_POWER
    return recipe.rate * min((step + 1) / recipe.warm_up, 1.0) * decay


@torch.no_grad()
def remember(progress: Progress, memory: float) -> None:
    """Move the mean towards the network; running statistics included."""
    now = progress.network.state_dict()
    for key, mean in progress.mean.state_dict().items():
        if mean.is_floating_point():
            mean.lerp_(now[key], 1 - memory)
        else:
            mean.copy_(now[key])


def class_weights(pairs: list[Labelled]) -> Tensor:
    """(11,) inverse root of each class's share of the labels, scaled to mean 1."""
    counts = sum(np.bincount(pair.label.ravel(), minlength=VOID + 1)[:VOID] for pair in pairs)
    rarity = 1 / np.sqrt(counts / np.sum(counts))
    return torch.tensor(rarity / rarity.mean(), dtype=torch.float32)


@torch.inference_mode()
def score(network: nn.Module, pairs: list[Labelled]) -> Confusion:
    """At the labels' resolution, made of the same steps as pipeline.segmentation's answer."""
    network.eval()
    total = empty(len(CLASSES))
    for pair in pairs:
        image = cv2.resize(pair.image, INPUT_SIZE, interpolation=cv2.INTER_AREA)
        logits = network(normalise(torch.from_numpy(image)[None]))
        full = F.interpolate(logits, INPUT_SIZE[::-1], mode="bilinear", align_corners=False)
        said = full.argmax(1)[0].byte().numpy()
        to_label = pair.label.shape[1], pair.label.shape[0]
        said = cv2.resize(said, to_label, interpolation=cv2.INTER_NEAREST)
        total += confusion(pair.label, said, len(CLASSES))
    return total


def cached_streets(path: Path) -> list[Labelled]:
    """The teacher's labels; made once, which takes minutes."""
    if not path.is_file():
        made = list(label_street(data_root()))
        images = np.stack([pair.image for pair in made])
        np.savez(path, images=images, labels=np.stack([pair.label for pair in made]))
    stored = np.load(path)
    return [Labelled(*pair) for pair in zip(stored["images"], stored["labels"], strict=True)]


def resume(recipe: SegmentationRecipe, path: Path) -> Progress:
    """The state that was saved last, or the beginning."""
    torch.manual_seed(recipe.seed)
    network, mean = build(ARCHITECTURE), build(ARCHITECTURE)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    progress = Progress(network, mean, optimiser)
    if path.is_file():
        stored = torch.load(path, weights_only=True)
        for part in ("network", "mean", "optimiser"):
            getattr(progress, part).load_state_dict(stored[part])
        progress.step, progress.best = stored["step"], stored["best"]
        progress.seconds = stored["seconds"]
    return progress


def save(progress: Progress, path: Path) -> None:
    parts = {
        part: getattr(progress, part).state_dict() for part in ("network", "mean", "optimiser")
    }
    figures = {figure: getattr(progress, figure) for figure in ("step", "best", "seconds")}
    new = path.with_suffix(".new")
    torch.save(parts | figures, new)
    new.replace(path)


def report(path: Path, progress: Progress, matrix: Confusion, loss: float) -> None:
    """Append one line to the log."""
    line = {
        "step": progress.step,
        "seconds": round(progress.seconds, 1),
        "loss": round(loss, 4),
        "camvid_val_miou": round(mean_iou(matrix), 4),
        "iou": dict(zip(CLASSES, iou(matrix).round(3).tolist(), strict=True)),
    }
    with path.open("a") as log:
        log.write(json.dumps(line) + "\n")
