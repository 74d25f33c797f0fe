"""Examples from the held-out real frames, for the eyes of whoever has the data.

Nothing of the data may be copied into the repository: these pictures go into out/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from road_clarity.evaluation.accuracy.panels import Example, box_panel, class_panel, lane_panel
from road_clarity.evaluation.accuracy.road_users import BOXES, later
from road_clarity.evaluation.accuracy.roads import held_out
from road_clarity.evaluation.label_folders import samples
from road_clarity.evaluation.label_images import read_labels
from road_clarity.evaluation.lane_runs import columns, read_image
from road_clarity.evaluation.objects import matches, read_cvml
from road_clarity.evaluation.segmentation import read_rgb
from road_clarity.models import iou
from road_clarity.models.tusimple_score import score_image
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lanes import LaneConfig, LaneStage
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.pipeline.tracking import TrackerConfig, TrackStage
from road_clarity.safety.scene import CLASSES
from road_clarity.training.lane_sources import TUSIMPLE
from road_clarity.training.tracking_sources import PETS_LEARNED

BEGINNING = 10  # frames in which the first tracks are not confirmed yet


def lanes(data: Path) -> Iterator[Example]:
    stage = LaneStage(LaneConfig(), "cpu")
    for index, line in enumerate(held_out(data)):
        image = read_image(data / TUSIMPLE, line.raw_file)
        found = stage.run(Frame(index, 0, image))
        score = score_image(columns(found, line.h_samples), line.lanes, line.h_samples).accuracy
        true = [
            [(x, y) for x, y in zip(lane, line.h_samples, strict=True) if x >= 0]
            for lane in line.lanes
        ]
        panel = lane_panel(image, found.lanes, [one for one in true if one])
        yield Example(score, line.raw_file, f"accuracy {score:.2f}", panel)


def segmentation(data: Path) -> Iterator[Example]:
    stage = SegmentationStage(SegmentationConfig(), "cpu")
    for sample in samples(data / "camvid", "val", "camvid"):
        image, truth = read_rgb(sample.image), read_labels(sample.truth)
        said = stage.run(Frame(0, 0, image)).classes
        said = np.asarray(cv2.resize(said, truth.shape[::-1], interpolation=cv2.INTER_NEAREST))
        score = iou.mean_iou(iou.confusion(truth, said, len(CLASSES)), of_truth_only=True)
        yield Example(
            score, sample.image.name, f"mIoU {score:.2f}", class_panel(image, said, truth)
        )


def people(data: Path) -> Iterator[Example]:
    stage, truth = TrackStage(TrackerConfig(), "cpu"), read_cvml(data / BOXES)
    for frame in later(data):
        tracks, there = stage.run(frame).tracks, truth.get(frame.index)
        if there and frame.index >= PETS_LEARNED + BEGINNING:
            said = [(one.label, one.box) for one in tracks if one.label == "person"]
            score = 2 * matches([box for _, box in said], there) / (len(said) + len(there))
            panel = box_panel(frame.image, said, there)
            yield Example(score, f"frame {frame.index}", f"F1 {score:.2f}", panel)


MAKERS: dict[str, Callable[[Path], Iterator[Example]]] = {
    "lanes": lanes, "segmentation": segmentation, "people": people,
}  # fmt: skip


def recorded_examples(data: Path, wanted: Iterable[str]) -> dict[str, list[Example]]:
    """For each wanted part that has some.  Raises BadInput."""
    return {part: list(MAKERS[part](data)) for part in wanted if part in MAKERS}
