"""BDD100K's lane marking benchmark: how well thin marks agree, by direction, style and category.

As the official toolkit counts (bdd100k/eval/lane.py, after the boundary measure of Perazzi et al.
2016, section 5): of each class a mark's pixel is right when one of the same class lies within 1, 2
or 5 pixels; precision and recall give F per image, and images, classes and tasks are averaged.
Label images hold a byte per pixel: bits 0-2 category, 3 background, 4 style, 5 direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.over_files import over_files
from road_clarity.evaluation.text_files import require_folder
from road_clarity.models.errors import BadInput

Mask = NDArray[np.bool_]  # (h, w)
Marks = NDArray[np.uint8]  # (h, w)
Array = NDArray[np.float64]

REACHES = (1, 2, 5)  # [px]
BACKGROUND = 1 << 3
IMAGE_S = 0.1  # that one image takes [s]


@dataclass(frozen=True)
class Task:
    """What one part of the byte tells marks apart by."""

    name: str
    shift: int
    classes: tuple[str, ...]

    def masks(self, marks: Marks) -> list[Mask]:
        """Where each class is."""
        foreground = (marks & BACKGROUND) == 0
        values = (marks >> self.shift) % len(self.classes)
        return [foreground & (values == value) for value in range(len(self.classes))]


TASKS = (
    Task("direction", 5, ("parallel", "vertical")),
    Task("style", 4, ("solid", "dashed")),
    Task(
        "category",
        0,
        (
            "crosswalk",
            "double other",
            "double white",
            "double yellow",
            "road curb",
            "single other",
            "single white",
            "single yellow",
        ),
    ),
)


def evaluate_predictions(predictions: Path, truth: Path) -> dict[str, object]:
    """The official scores [%] of a folder of label images, by reach.  Raises BadInput."""
    require_folder("predictions", predictions)
    require_folder("ground truth", truth)
    said = {path.stem: path for path in sorted(predictions.rglob("*.png"))}
    pairs = [(path, said.get(path.stem)) for path in sorted(truth.rglob("*.png"))]
    if not pairs:
        raise BadInput("ground truth", truth, "there must be PNG label images in it")
    by_image = np.array(over_files(score_image, pairs, IMAGE_S))
    missing = sum(path is None for _, path in pairs)
    return {**report(100 * by_image.mean(axis=0)), "missing": missing}


def score_image(pair: tuple[Path, Path | None]) -> Array:
    """Label image and prediction -> (12, 3) F of all classes by reach.

    A prediction that is missing is an image of zeros, as in the toolkit: marked all over.
    """
    truth_path, said_path = pair
    truth = read_marks(truth_path)
    said = read_marks(said_path) if said_path is not None else np.zeros_like(truth)
    if said.shape != truth.shape:
        raise BadInput("prediction", said_path, f"its size must be that of {truth_path}")
    return np.array(
        [
            boundary_f(one, other)
            for task in TASKS
            for one, other in zip(task.masks(truth), task.masks(said), strict=True)
        ]
    )


def boundary_f(truth: Mask, said: Mask) -> list[float]:
    """F of one class for each of REACHES: harmonic mean of precision and recall."""
    if not (truth.any() and said.any()):
        return [float(truth.any() == said.any())] * len(REACHES)
    away_said, away_truth = distances(said, truth), distances(truth, said)
    f = []
    for reach in REACHES:
        precision, recall = float((away_said <= reach).mean()), float((away_truth <= reach).mean())
        f.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return f


def distances(mask: Mask, other: Mask) -> NDArray[np.float32]:
    """From every pixel of mask to the nearest of other [px]."""
    empty = np.asarray(~other, np.uint8)
    away = cv2.distanceTransform(empty, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away[mask], np.float32)


def report(f: Array) -> dict[str, object]:
    """(12, 3) -> JSON under the toolkit's names."""
    table: dict[str, Array] = {}
    start = 0
    for task in TASKS:
        rows = f[start : start + len(task.classes)]
        table |= dict(zip(task.classes, rows, strict=True))
        table[task.name.upper()] = rows.mean(axis=0)
        start += len(rows)
    table["AVERAGE"] = np.mean([table[task.name.upper()] for task in TASKS], axis=0)
    return {
        f"F1_pix{reach}": {name: float(row[column]) for name, row in table.items()}
        for column, reach in enumerate(REACHES)
    }


def read_marks(path: Path) -> Marks:
    """Raises BadInput."""
    marks = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if marks is None or marks.ndim != 2 or marks.dtype != np.uint8:
        raise BadInput("label image", path, "must be a PNG with one byte per pixel")
    return np.asarray(marks, np.uint8)
