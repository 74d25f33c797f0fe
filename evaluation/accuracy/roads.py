"""Lanes and segmentation, measured on the frames that their recipes hold out."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation import tusimple
from road_clarity.evaluation.accuracy.figures import (
    Figure,
    Floats,
    Part,
    Statistic,
    figure,
    share,
)
from road_clarity.evaluation.lane_runs import tusimple_scores
from road_clarity.evaluation.segmentation import stage_confusions
from road_clarity.evaluation.sources import open_source
from road_clarity.models import iou
from road_clarity.pipeline.backends.runtime import FP32
from road_clarity.pipeline.lanes import LaneConfig, LaneStage
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.pipeline.weights import read_card
from road_clarity.safety.scene import CLASSES
from road_clarity.training.lane_sources import TUSIMPLE, tusimple_frames

LANES, SEGMENTATION = "scnn_edge", "ffnet_edge"
# of which the lane recipe learnt nothing, from this share of the clip on
UNSEEN = {"video/udacity/solidWhiteRight.mp4": 0.5, "video/udacity/test_small2.mp4": 0.0}
OWN = {2, 3}  # the lines that bound our lane
A_SECOND = 25  # frames


def lanes(data: Path) -> Part:
    """TuSimple's score of the held-out frames, image by image.  Raises BadInput."""
    began, stage = perf_counter(), LaneStage(LaneConfig(weights=LANES), "cpu")
    exact = LaneStage(LaneConfig(weights=LANES, precision=FP32), "cpu")
    labels, folder = held_out(data), data / TUSIMPLE
    scores = [[*one, 1.0] for one in tusimple_scores(stage, folder, labels)]
    found = {
        key: figure(scores, share(column, 3)) for column, key in enumerate(("accuracy", "fp", "fn"))
    }
    gains = [
        [one.accuracy - score[0], 1.0]
        for one, score in zip(tusimple_scores(exact, folder, labels), scores, strict=True)
    ]
    found["accuracy_fp32_gain"] = figure(gains, share(0, 1))
    found["own_lines_drawn"] = own_lines(stage, data)
    return part([LANES], "image", len(scores), began, found)


def held_out(data: Path) -> list[tusimple.LaneLine]:
    """The labelled frames that the recipe did not learn from."""
    names = {frame.raw_file for frame in tusimple_frames(data)[1]}
    labels = tusimple.read_labels(data / TUSIMPLE / "labels_dev.json")
    return [line for line in labels if line.raw_file in names]


def own_lines(stage: LaneStage, data: Path) -> Figure:
    """Share of unseen highway frames in which both lines of our lane are drawn, by the second."""
    seconds = []
    for name, learnt in UNSEEN.items():
        frames = list(open_source(data / name).frames)
        drawn = [
            float({lane.id for lane in stage.run(frame).lanes} >= OWN)
            for frame in frames[round(len(frames) * learnt) :]
        ]
        parts = (drawn[at : at + A_SECOND] for at in range(0, len(drawn), A_SECOND))
        seconds += [[sum(one), len(one)] for one in parts]
    return figure(seconds, share(0, 1))


def segmentation(data: Path) -> Part:
    """CamVid val, image by image.  Raises BadInput."""
    began = perf_counter()
    each, exact = (confusions(data, precision) for precision in ("auto", FP32))
    both = np.stack([exact, each], axis=1)  # (U, 2, K, K + 1)
    found = {
        "miou": figure(each, mean_iou),
        "miou_fp32_gain": figure(both, lambda sums: mean_iou(sums[0]) - mean_iou(sums[1])),
        "pixel_accuracy": figure(each, lambda sums: iou.pixel_accuracy(pixels(sums))),
    }
    for number, name in enumerate(CLASSES):
        found[f"iou_{name}"] = figure(each, class_iou(number))
    return part([SEGMENTATION], "image", len(each), began, found)


def confusions(data: Path, precision: str) -> NDArray[np.int64]:
    """Of every image of CamVid val: (U, K, K + 1)"""
    stage = SegmentationStage(SegmentationConfig(weights=SEGMENTATION, precision=precision), "cpu")
    return np.stack(list(stage_confusions(stage, data / "camvid", "val", "camvid")))


def mean_iou(sums: Floats) -> float:
    return iou.mean_iou(pixels(sums))


def class_iou(number: int) -> Statistic:
    return lambda sums: float(iou.iou(pixels(sums))[number])


def pixels(sums: Floats) -> iou.Confusion:
    """Counts are whole again."""
    return sums.astype(np.int64)


def part(names: list[str], unit: str, units: int, began: float, found: dict[str, Figure]) -> Part:
    hashes = {name: read_card(name).sha256 for name in names}
    return Part(hashes, unit, units, round(perf_counter() - began, 1), found)
