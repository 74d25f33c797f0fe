"""Candidate objects from a segmentation: people and vehicles, good enough to start a tracker.

Cells of one kind that touch form a blob.  A blob that is too wide to be one object is cut at its
waists: the inner parts that survive an erosion are seeds, and every cell goes to the nearest seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.scene import CLASSES, Box, Segmentation
from road_clarity.safety.settings import Checked, setting

Mask = NDArray[np.uint8]  # (h, w), 1 inside
CellBox = tuple[int, int, int, int]  # x0, y0, x1, y1 [cells]; x1 and y1 are just outside

KINDS = {"person": ("Pedestrian", "Bicyclist"), "vehicle": ("Car",)}
WIDEST = {"person": 1.0, "vehicle": 2.6}  # width / height above which a blob is several objects
WAIST = 0.6  # a cut goes where the blob is thinner than this share of its thickest part


@dataclass(frozen=True)
class Candidate:
    """A blob that may be an object.  box in pixels of the source image."""

    label: str  # 'person' or 'vehicle'
    box: Box
    score: float  # share of the box that the blob fills, 0..1


@dataclass(frozen=True, kw_only=True)
class BlobConfig(Checked):
    min_height: float = setting(
        0.04, "smallest height of an object [share of the image height]", low=0.0, high=1.0
    )
    min_area: float = setting(
        0.0008, "smallest area of an object [share of the image area]", low=0.0, high=1.0
    )
    max_area: float = setting(
        0.4, "largest area of an object; above, it is the own bonnet [share of the image area]",
        low=0.0, high=1.0,
    )  # fmt: skip
    min_score: float = setting(
        0.35, "smallest share of its box that a blob must fill", low=0.0, high=1.0
    )


def find_objects(segmentation: Segmentation, config: BlobConfig) -> list[Candidate]:
    """People, then vehicles; the largest first."""
    found = []
    sx, sy = cell_size(segmentation)
    for label in KINDS:
        mask = kind_mask(segmentation.classes, label)
        widest = WIDEST[label] * sy / sx  # [cells]
        boxes = (box_of(part) for blob in blobs(mask) for part in split(blob, widest))
        kept = (
            candidate(label, box, area, segmentation)
            for box, area in boxes
            if is_plausible(box, area, mask.shape, config)
        )
        found += sorted(kept, key=lambda one: -area_of(one.box))
    return found


def cell_size(segmentation: Segmentation) -> tuple[float, float]:
    """Width and height of one cell in pixels of the source."""
    height, width = segmentation.classes.shape
    return segmentation.size[0] / width, segmentation.size[1] / height


def kind_mask(classes: NDArray[np.uint8], label: str) -> Mask:
    """1 where a person or vehicle is.  Single stray cells and hair-thin bridges are opened away."""
    wanted = [CLASSES.index(name) for name in KINDS[label]]
    mask = np.isin(classes, wanted).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)


def blobs(mask: Mask) -> Iterator[Mask]:
    """The connected parts of a mask, each as a mask of the same size."""
    count, labels = cv2.connectedComponents(mask, connectivity=4)
    for index in range(1, count):
        yield (labels == index).astype(np.uint8)


def split(blob: Mask, widest: float) -> list[Mask]:
    """[blob], or its parts when it is wider than `widest` times its height and has waists."""
    x0, y0, x1, y1 = box_of(blob)[0]
    if x1 - x0 <= widest * (y1 - y0):
        return [blob]
    inside = np.pad(blob[y0:y1, x0:x1], 1)  # the image border is an edge of the blob, too
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    seeds = (depth > WAIST * depth.max()).astype(np.uint8)
    count, seed_labels = cv2.connectedComponents(seeds, connectivity=8)
    if count <= 2:
        return [blob]
    _, nearest = cv2.distanceTransformWithLabels(
        1 - seeds, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_CCOMP
    )
    parts = []
    for index in range(1, count):
        seed_cell = np.argmax(seed_labels == index)
        part = np.zeros_like(blob)
        owned = (nearest == nearest.flat[seed_cell]) & (inside > 0)
        part[y0:y1, x0:x1] = owned[1:-1, 1:-1]
        parts.append(part)
    return parts


def box_of(blob: Mask) -> tuple[CellBox, int]:
    """Bounding box and number of cells of a mask that is not empty."""
    rows, columns = np.flatnonzero(blob.any(axis=1)), np.flatnonzero(blob.any(axis=0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return box, int(blob.sum())


def is_plausible(box: CellBox, area: int, shape: tuple[int, ...], config: BlobConfig) -> bool:
    height, width = shape
    x0, y0, x1, y1 = box
    share = area / (height * width)
    return (
        y1 - y0 >= config.min_height * height
        and config.min_area <= share <= config.max_area
        and area >= config.min_score * (x1 - x0) * (y1 - y0)
    )


def candidate(label: str, box: CellBox, area: int, segmentation: Segmentation) -> Candidate:
    """From cells to pixels of the source."""
    sx, sy = cell_size(segmentation)
    x0, y0, x1, y1 = box
    score = area / ((x1 - x0) * (y1 - y0))
    return Candidate(label, (x0 * sx, y0 * sy, x1 * sx, y1 * sy), score)


def area_of(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
