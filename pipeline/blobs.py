"""Candidate objects from a segmentation: people and vehicles, good enough to start a tracker.

Cells of one kind that touch form a blob.  A wide blob is cut at its waists, the columns that hold
fewer cells than columns on both sides, and at steps of its lower edge: what stands nearer touches
the road farther down.  What is still too wide is a railing or a row of parked cars.
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

KINDS = {"person": ("Pedestrian", "Bicyclist"), "vehicle": ("Car",)}
WIDE = {"person": 0.4, "vehicle": 1.1}  # width / height above which waists are looked for
WIDEST = {"person": 1.2, "vehicle": 4.0}  # width / height above which it is no object
WAIST = 0.65  # cells in a waist, against the lesser of the maxima on its sides
STEP = 0.22  # rise or fall of the lower edge, against the height of the blob beside it
STEP_WIDTH = 0.12  # a step may take so many columns [heights]
END = 0.25  # there is no step so near to the ends of a blob, whose corners are round [heights]


@dataclass(frozen=True)
class Candidate:
    """A blob that may be an object.  box in pixels of the source image."""

    label: str  # 'person' or 'vehicle'
    box: Box
    score: float  # share of the box that the blob fills, 0..1


@dataclass(frozen=True, eq=False)
class Blob:
    """Cells that touch, cut out tightly."""

    x: int  # column of the left edge in the segmentation [cells]
    y: int  # row of the upper edge
    cells: Mask

    @property
    def area(self) -> int:
        return int(self.cells.sum())

    @property
    def fill(self) -> float:
        """Share of its box that it fills, 0..1."""
        return self.area / self.cells.size


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
        wide, widest = (limits[label] * sy / sx for limits in (WIDE, WIDEST))  # [cells]
        parts = (part for blob in blobs(mask) for part in split(blob, wide))
        kept = [candidate(label, one, sx, sy) for one in parts if fits(one, widest, mask, config)]
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


def blobs(mask: Mask) -> Iterator[Blob]:
    """The connected parts of a mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    for index in range(1, count):
        x, y, width, height, _ = stats[index].tolist()
        cells = labels[y : y + height, x : x + width] == index
        yield Blob(x, y, cells.astype(np.uint8))


def split(blob: Blob, wide: float) -> list[Blob]:
    """[blob], or its parts when it is wider than `wide` times its height and is several."""
    height, width = blob.cells.shape
    if width <= wide * height:
        return [blob]
    cut = waist(blob.cells) or step(blob.cells)
    if cut == 0:
        return [blob]
    sides = (tight(blob, 0, cut), tight(blob, cut, width))
    return [part for side in sides for part in split(side, wide)]


def waist(cells: Mask) -> int:
    """The thinnest column between two thicker ones, 0 when there is none."""
    thickness = cells.sum(axis=0)
    left = np.maximum.accumulate(thickness)
    right = np.maximum.accumulate(thickness[::-1])[::-1]
    share = thickness / np.minimum(left, right)
    thinnest = int(share.argmin())
    return thinnest if share[thinnest] < WAIST else 0


def step(cells: Mask) -> int:
    """The column where the lower edge steps up or down most, 0 where it does not."""
    height, width = cells.shape
    reach, end = max(round(STEP_WIDTH * height), 1), max(round(END * height), 1)
    edge = height - cells[::-1].argmax(axis=0)
    thickness = cells.sum(axis=0, dtype=np.int64)
    rise = np.abs(edge[reach:] - edge[:-reach])
    steps = (rise / np.maximum(thickness[reach:], thickness[:-reach]))[end : -end - 1]
    if steps.size == 0 or steps.max() < STEP:
        return 0
    start = int(steps.argmax()) + end
    within = np.abs(np.diff(edge[start : start + reach + 1]))
    steepest: int = start + 1 + int(within.argmax())
    return steepest


def tight(blob: Blob, start: int, end: int) -> Blob:
    """Its columns from start to end, cut out tightly."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(blob.cells[:, start:end]))
    left += start
    cells = blob.cells[top : top + height, left : left + width]
    return Blob(blob.x + left, blob.y + top, cells)


def fits(blob: Blob, widest: float, mask: Mask, config: BlobConfig) -> bool:
    """Whether its size and shape are those of an object."""
    height, width = blob.cells.shape
    share = blob.area / mask.size
    return (
        config.min_height * mask.shape[0] <= height
        and width <= widest * height
        and config.min_area <= share <= config.max_area
        and blob.fill >= config.min_score
    )


def candidate(label: str, blob: Blob, sx: float, sy: float) -> Candidate:
    """From cells to pixels of the source."""
    height, width = blob.cells.shape
    box = (blob.x * sx, blob.y * sy, (blob.x + width) * sx, (blob.y + height) * sy)
    return Candidate(label, box, blob.fill)


def area_of(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
