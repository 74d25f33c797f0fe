"""One-pass evaluation of trackers (Wu et al. 2013, "Online object tracking: a benchmark").

A tracker gets the box in the first frame that shows the target and is never helped again.
T frames.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import cv2
import numpy as np
import torch

from road_clarity.evaluation.tracking_predictions import Prediction, read_prediction
from road_clarity.evaluation.tracking_scores import (
    PROTOCOLS,
    Judged,
    Scores,
    joined,
    judge,
    mean_scores,
    visible,
    weighted,
)
from road_clarity.evaluation.tracking_sequences import Image, Sequence
from road_clarity.models.box_text import Boxes
from road_clarity.models.errors import BadInput
from road_clarity.models.lorat import Lorat
from road_clarity.pipeline.backends.network import load
from road_clarity.pipeline.lorat_tracker import LoratTracker
from road_clarity.pipeline.perception import pick_device
from road_clarity.pipeline.targets import TrackerConfig
from road_clarity.safety.scene import Box

Report = dict[str, object]  # 'sequences': {name: scores}, 'mean': scores


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


def lorat(name: str, device: str, precision: str = "auto") -> Tracker:
    """The tracker with the weights of that name.  Raises BadInput."""
    device = pick_device(device)
    running = load(name, Lorat, TrackerConfig(precision=precision), device)
    return SingleTarget(LoratTracker(running.network, device))


def evaluate(tracker: Tracker, sequences: list[Sequence], layout: str) -> Report:
    """The tracker run on every sequence.  Raises BadInput."""
    for sequence in sequences:
        sequence.require_pictures()
    return report(sequences, [one_pass(tracker, one) for one in sequences], layout)


def evaluate_predictions(
    folder: Path, sequences: list[Sequence], layout: str, tracker: str | None
) -> Report:
    """What a tracker left on disk; tracker names its files where several lie there."""
    if folder.is_file() and len(sequences) > 1:
        raise BadInput("--predictions", folder, f"is one file for {len(sequences)} sequences")
    answers = [read_prediction(folder, one, layout, tracker) for one in sequences]
    return report(sequences, answers, layout)


def report(sequences: list[Sequence], answers: list[Prediction], layout: str) -> Report:
    protocol = PROTOCOLS[layout]
    judged = [held(a, s, layout) for a, s in zip(answers, sequences, strict=True)]
    fps = [answer.fps for answer in answers]
    each: dict[str, Scores] = {
        sequence.name: {**one.scores(), "fps": rate}
        for sequence, one, rate in zip(sequences, judged, fps, strict=True)
    }
    mean = {**mean_scores(judged, protocol), "fps": weighted(fps, np.ones(len(fps)))}
    return {"sequences": each, "mean": mean}


def held(answer: Prediction, sequence: Sequence, layout: str) -> Judged:
    """All runs on one sequence against its truth.  Raises BadInput when no frame counts."""
    truth, runs, size = sequence.boxes, answer.runs, sequence.frame_size
    if size is not None:
        truth, runs = bounded(truth, size), [bounded(run, size) for run in runs]
    found = joined([judge(run, truth, PROTOCOLS[layout]) for run in runs])
    if not len(found.overlap):
        raise BadInput("ground truth", sequence.folder, "no frame after the first shows the target")
    return found


def bounded(boxes: Boxes, size: tuple[int, int]) -> Boxes:
    """As GOT-10k's toolkit does it: the corner moves into the frame, then the size is limited.

    A box that hangs over the left edge therefore keeps its width.
    """
    wh = boxes[:, 2:] - boxes[:, :2]
    corner = boxes[:, :2].clip(0, size)
    return np.hstack([corner, corner + wh.clip(0, size - corner)])


def one_pass(tracker: Tracker, sequence: Sequence) -> Prediction:
    """The tracker's box of every frame, nan before the target appears, and how fast it was."""
    first = int(visible(sequence.boxes).argmax())
    said: list[Box] = []
    seconds = 1e-9
    for index, (image, truth) in enumerate(zip(sequence.images(), sequence.boxes, strict=True)):
        if index < first:
            said.append((np.nan, np.nan, np.nan, np.nan))
        elif index == first:
            x0, y0, x1, y1 = truth.tolist()
            tracker.start(image, (x0, y0, x1, y1))
            said.append((x0, y0, x1, y1))
        else:
            begun = perf_counter()
            said.append(tracker.follow(image))
            seconds += perf_counter() - begun
    followed = len(said) - 1 - first
    return Prediction([np.array(said, float)], followed / seconds if followed else None)
