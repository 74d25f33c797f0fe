"""Recipe of the lane network scnn_edge: SCNN's published loss on few frames, much varied.

Instead of 60 000 steps of SGD: AdamW from an ImageNet trunk, and a moving average of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from road_clarity.models.lane_decoding import View, columns_at, decode
from road_clarity.models.scnn import LaneMaps, ScnnLite0
from road_clarity.models.tusimple_score import LaneScore, score_image
from road_clarity.safety.settings import setting
from road_clarity.training.data_root import data_root
from road_clarity.training.fit import fit
from road_clarity.training.imagenet_start import start_lite0
from road_clarity.training.lane_card import lane_card
from road_clarity.training.lane_data import INPUT_SIZE, LaneSample, vary
from road_clarity.training.lane_loss import LaneBatch, lane_loss
from road_clarity.training.lane_simulated import simulated_samples
from road_clarity.training.lane_sources import (
    TUSIMPLE,
    laneless_samples,
    tusimple_frames,
    tusimple_sample,
)
from road_clarity.training.lane_teacher import teacher_samples
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.recipe import FitConfig, Recipe
from road_clarity.training.schedules import poly, warm_up
from road_clarity.training.tusimple import LabelledFrame, read_image, write_labels

HELD_OUT = "held_out.json"  # labels of the validation frames, for `evaluate lanes`


@dataclass(frozen=True, kw_only=True)
class EdgeLanesConfig(FitConfig):
    memory: float = setting(0.995, "of the mean of the weights, per step", low=0.0, high=1.0)
    clip: float = setting(5.0, "largest norm of the gradient; 0: any", low=0.0)
    learning_rate: float = setting(2e-3, "after the warm-up", low=0.0)
    trunk_share: float = setting(0.25, "of the rate, for the pretrained trunk", low=0.0)
    warm_up: int = setting(100, "steps to the full rate", low=1)
    weight_decay: float = setting(1e-3, "of AdamW", low=0.0)
    weights: Path = setting(WEIGHTS, "folder to publish the best into")


CONFIG = EdgeLanesConfig


class Source(NamedTuple):
    share: float  # of the images
    samples: list[LaneSample]


class EdgeLanes(Recipe[ScnnLite0, LaneBatch]):
    chosen_by = "accuracy"

    def __init__(
        self,
        config: EdgeLanesConfig,
        sources: list[Source],
        held_out: list[LabelledFrame],
        root: Path,
    ) -> None:
        """held_out: frames of TuSimple below `root` that score the network"""
        self.config: EdgeLanesConfig = config
        self.sources, self.held_out, self.root = sources, held_out, root
        shares = np.array([source.share for source in sources])
        self._chances = shares / shares.sum()
        torch.manual_seed(config.seed)
        self.network = ScnnLite0()
        start_lite0(self.network.trunk)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def optimisers(self) -> list[torch.optim.Optimizer]:
        trunk = list(self.network.trunk.parameters())
        rest = [p for name, p in self.network.named_parameters() if not name.startswith("trunk.")]
        groups: list[dict[str, Any]] = [
            {"params": trunk, "share": self.config.trunk_share},
            {"params": rest},
        ]
        return [torch.optim.AdamW(groups, weight_decay=self.config.weight_decay)]

    def rate(self, step: int) -> float:
        """Linear warm-up, then the published polynomial decay."""
        course = warm_up(step, self.config.warm_up) * poly(step, self.config.steps)
        return self.config.learning_rate * course

    def sample(self, number: int, rng: np.random.Generator) -> LaneBatch:
        """A varied sample, from each source as often as its share says."""
        samples = self.sources[rng.choice(len(self.sources), p=self._chances)].samples
        target = vary(samples[rng.integers(len(samples))], rng)
        return LaneBatch(*map(torch.from_numpy, (target.image, target.classes, target.existence)))

    def to_learn(self) -> None:
        self.network.train()
        self.network.trunk.eval()  # ImageNet's batch statistics are better than a few images'

    def answer(self, batch: LaneBatch) -> LaneMaps:
        maps: LaneMaps = self.network(self.network.prepare(batch.image))
        return maps

    def loss(self, answer: LaneMaps, batch: LaneBatch) -> Tensor:
        return lane_loss(answer, batch)

    def score(self, network: ScnnLite0) -> dict[str, float]:
        """TuSimple's metric on the validation frames, averaged over them."""
        scores = [score_frame(network, self.root, frame) for frame in self.held_out]
        return LaneScore(*np.mean(scores, axis=0).tolist())._asdict()

    def publish(
        self, network: ScnnLite0, score: dict[str, float], step: int, seconds: float
    ) -> None:
        publish(lane_card(self.config, score, step), network.state_dict(), self.config.weights)


def train(config: EdgeLanesConfig, out: Path) -> None:
    root = data_root()
    learning, held_out = tusimple_frames(root)
    sources = [
        Source(0.40, [tusimple_sample(root, frame) for frame in learning]),
        Source(0.35, teacher_samples(root)),
        Source(0.20, simulated_samples()),
        Source(0.05, laneless_samples(root)),
    ]
    out.mkdir(parents=True, exist_ok=True)
    write_labels(out / HELD_OUT, held_out)
    fit(EdgeLanes(config, sources, held_out, root), out)


def score_frame(network: ScnnLite0, root: Path, frame: LabelledFrame) -> LaneScore:
    """TuSimple's metric of one labelled frame."""
    image = cv2.resize(
        read_image(root / TUSIMPLE / frame.raw_file), INPUT_SIZE, interpolation=cv2.INTER_AREA
    )
    device = next(network.parameters()).device
    maps = network(network.prepare(torch.from_numpy(image)[None].to(device)))
    view = View((1280, 720), (0, 0, 1280, 720), INPUT_SIZE)
    rows = np.asarray(frame.h_samples)
    found = [
        np.nan_to_num(columns_at(lane.points, rows), nan=-2.0).tolist()
        for lane in decode(maps.logits[0].cpu(), maps.existence[0].cpu(), view)
    ]
    return score_image(found, frame.lanes, frame.h_samples)
