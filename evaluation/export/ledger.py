"""How far an exported network departs from torch, figure by figure, and how far it may.

All figures are distances: 0 is agreement, and what is not a number is a refusal.  Limits were set
from what the shipped networks showed on the demo street and on a highway (docs/export.md), with
room for other frames: float32 differs by rounding only, bfloat16 by its eight bits, which may move
an answer, but not what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from road_clarity.pipeline.backends.runtime import BF16

WORST, MEAN = "worst", "mean"


@dataclass(frozen=True)
class Limit:
    """What a figure means, and how large it may be."""

    meaning: str
    fp32: float
    bf16: float
    over: str = WORST  # the figure of the worst frame counts, or the mean of all


LIMITS = {
    "output_rms": Limit("raw outputs, rms difference [standard deviations]", 1e-4, 0.05),
    "output_max": Limit("raw outputs, largest difference [standard deviations]", 1e-3, 0.3),
    "share_max": Limit("raw outputs that are shares, largest difference", 1e-4, 0.05),
    "explanation_rms": Limit("Eigen-CAM map, rms difference [its largest value]", 1e-3, 0.05),
    "explanation_area": Limit("hottest tenth of it that lies elsewhere [share]", 0.01, 0.15),
    "class_pixels": Limit("pixels of another class [share of the frame]", 1e-4, 0.01),
    "lane_lines": Limit("lane lines that only one of both sees [lines a frame]", 0.0, 0.1, MEAN),
    "lane_points": Limit(
        "distance of lane points, median of a line [px of the network's image]", 0.01, 1.0, MEAN
    ),
    "lane_confidence": Limit("confidence of lane lines, difference", 1e-4, 0.05, MEAN),
    "target_confidence": Limit("confidence of targets, difference", 1e-4, 0.05),
    "place": Limit("score that torch gives the place picked, below its best", 1e-4, 0.01),
    "box_there": Limit("box of a sure target at torch's place, 1 - overlap (IoU)", 1e-3, 0.1),
    "box": Limit("box of a sure target as picked, 1 - overlap (IoU)", 1e-3, 0.05, MEAN),
    "error_map": Limit("world model's error map, rms difference [its own rms]", 1e-3, 0.05),
    "strangeness": Limit("world model's scores of the frame, difference [log]", 1e-3, 0.05),
    "prediction": Limit("next latent, difference [calm spreads]", 1e-3, 0.1),
}


@dataclass(frozen=True)
class Figure:
    """One row of the parity report."""

    name: str
    meaning: str
    mean: float
    worst: float
    worst_frame: int  # index in the recording
    limit: float
    over: str
    passed: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Ledger:
    """Takes figures down, frame by frame."""

    def __init__(self) -> None:
        self.frames = self.calls = 0
        self._frame = 0  # index of the one being looked at
        self._seen: dict[str, list[tuple[float, int]]] = {}

    def see(self, index: int) -> None:
        """What is noted from now on is of that frame."""
        self.frames, self._frame = self.frames + 1, index

    def note(self, figures: Mapping[str, float]) -> None:
        """One call of the network."""
        self.calls += 1
        for name, value in figures.items():
            self._seen.setdefault(name, []).append((value, self._frame))

    def figures(self, precision: str) -> list[Figure]:
        """All figures against their limits."""
        return [figure(name, self._seen[name], precision) for name in LIMITS if name in self._seen]


def figure(name: str, seen: list[tuple[float, int]], precision: str) -> Figure:
    known = LIMITS[name]
    limit = known.bf16 if precision == BF16 else known.fp32
    values = np.array([value for value, _ in seen])
    worst = int(np.argmax(values))  # of nan, the first
    mean, largest = float(values.mean()), float(values[worst])
    judged = mean if known.over == MEAN else largest
    return Figure(
        name, known.meaning, mean, largest, seen[worst][1], limit, known.over, judged <= limit
    )
