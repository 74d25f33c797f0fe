"""One-pass evaluation of trackers (Wu et al. 2013, "Online object tracking: a benchmark").

A tracker gets the box in the first frame and is never helped again.  Frames in which the target is
absent do not count.
T frames.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.evaluation.tracking_sequences import Boxes, Image, Sequence
from road_clarity.models.errors import BadInput
from road_clarity.models.lorat import Lorat
from road_clarity.pipeline import weights
from road_clarity.pipeline.lorat_tracker import LoratTracker
from road_clarity.safety.scene import Box

THRESHOLDS = np.linspace(0, 1, 21)  # of the overlap
NEAR_PX = 20.0  # distance of the centres that counts as precise

Scores = dict[str, float]


class Tracker(Protocol):
    def start(self, image: Image, box: Box) -> None: ...

    def follow(self, image: Image) -> Box: ...


class SingleTarget:
    """LoRAT as the pipeline uses it, for one target."""

    def __init__(self, tracker: LoratTracker) -> None:
        self._tracker = tracker

    def start(self, image: Image, box: Box) -> None:
        self._template = self._tracker.remember(torch.from_numpy(image), box)
        self._box = box

    def follow(self, image: Image) -> Box:
        (found,) = self._tracker.find(torch.from_numpy(image), [(self._template, self._box)])
        self._box = found.box or self._box
        return self._box


class Csrt:
    """OpenCV's CSRT (Lukezic et al. 2017), the usual tracker without a network."""

    def __init__(self) -> None:
        home: Any = cv2 if hasattr(cv2, "TrackerCSRT_create") else getattr(cv2, "legacy", None)
        if not hasattr(home, "TrackerCSRT_create"):
            raise BadInput(
                "--baseline", "csrt", f"OpenCV {cv2.__version__} was built without it; "
                "pip install opencv-contrib-python-headless in place of opencv-python-headless",
            )  # fmt: skip
        self._create = home.TrackerCSRT_create

    def start(self, image: Image, box: Box) -> None:
        self._tracker, self._box = self._create(), box
        x0, y0, x1, y1 = box
        self._tracker.init(
            image[:, :, ::-1].copy(), tuple(round(v) for v in (x0, y0, x1 - x0, y1 - y0))
        )

    def follow(self, image: Image) -> Box:
        found, (x, y, w, h) = self._tracker.update(image[:, :, ::-1].copy())
        if found:
            self._box = (x, y, x + w, y + h)
        return self._box


BASELINES: dict[str, Callable[[], Tracker]] = {"csrt": Csrt}


def lorat(name: str, device: str) -> Tracker:
    """The tracker with the weights of that name.  Raises BadInput."""
    network, _ = weights.load(name, device)
    return SingleTarget(LoratTracker(cast(Lorat, network), device))


def evaluate(tracker: Tracker, sequences: list[Sequence]) -> dict[str, object]:
    """{'sequences': {name: scores}, 'mean': scores}"""
    each = {one.name: evaluate_sequence(tracker, one) for one in sequences}
    keys = next(iter(each.values()))
    mean = {key: float(np.mean([one[key] for one in each.values()])) for key in keys}
    return {"sequences": each, "mean": mean}


def evaluate_sequence(tracker: Tracker, sequence: Sequence) -> Scores:
    boxes, seconds = one_pass(tracker, sequence)
    truth = sequence.boxes[: len(boxes)]
    return {
        "success_auc": success_auc(boxes, truth),
        "precision": precision(boxes, truth),
        "fps": (len(boxes) - 1) / seconds,
    }


def one_pass(tracker: Tracker, sequence: Sequence) -> tuple[Boxes, float]:
    """The tracker's box of every frame, nan before the target appears, and the time [s]."""
    first = int(np.isfinite(sequence.boxes).all(axis=1).argmax())
    said: list[Box] = []
    seconds = 1e-9
    for index, (image, _) in enumerate(zip(sequence.images(), sequence.boxes, strict=False)):
        if index < first:
            said.append((np.nan, np.nan, np.nan, np.nan))
        elif index == first:
            x0, y0, x1, y1 = sequence.boxes[first].tolist()
            tracker.start(image, (x0, y0, x1, y1))
            said.append((x0, y0, x1, y1))
        else:
            begun = perf_counter()
            said.append(tracker.follow(image))
            seconds += perf_counter() - begun
    return np.array(said, float), seconds


def success_auc(boxes: Boxes, truth: Boxes) -> float:
    """Mean over the thresholds of the share of frames whose overlap exceeds the threshold."""
    overlap = overlaps(boxes, truth)[visible(truth)]
    return float((overlap[:, None] > THRESHOLDS).mean())


def precision(boxes: Boxes, truth: Boxes) -> float:
    """Share of frames whose centre is at most NEAR_PX from the true one."""
    offset = (boxes[:, :2] + boxes[:, 2:] - truth[:, :2] - truth[:, 2:]) / 2
    distance = np.hypot(offset[:, 0], offset[:, 1])[visible(truth)]
    return float((distance <= NEAR_PX).mean())


def visible(truth: Boxes) -> NDArray[np.bool_]:
    """(T,) whether the target is there"""
    return np.asarray(np.isfinite(truth).all(axis=1))


def overlaps(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """(T,) intersection over union; nan where a box is"""
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    both = sides.clip(0).prod(axis=1)
    areas = [(one[:, 2:] - one[:, :2]).prod(axis=1) for one in (a, b)]
    out: NDArray[np.float64] = both / (areas[0] + areas[1] - both)
    return out
