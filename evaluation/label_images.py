"""Label images: what their numbers mean in each data set, and how two of them compare.

Two images are compared by one joint histogram of their 256 numbers; what the numbers mean is looked
up afterwards, in the histogram.  K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.models.iou import Confusion, empty
from road_clarity.safety.cityscapes import CAMVID_INDEX, CITYSCAPES_CLASSES, LABEL_IDS
from road_clarity.safety.scene import CLASSES

Labels = NDArray[np.uint8]  # (H, W)
Counts = NDArray[np.int64]  # (256, 256) pixels: row the true number, column the one that was said
Meaning = NDArray[np.int16]  # (256,) number -> class, VOID, or UNKNOWN

VOID, UNKNOWN = -1, -2
EXACT = 1 << 24  # whole numbers that float32, in which OpenCV counts, can tell apart


@dataclass(frozen=True)
class Taxonomy:
    """Classes that a data set tells apart."""

    name: str
    classes: tuple[str, ...]


CAMVID = Taxonomy("camvid", CLASSES)
CITYSCAPES = Taxonomy("cityscapes", CITYSCAPES_CLASSES)
TAXONOMIES = {"camvid": CAMVID, "cityscapes": CITYSCAPES, "bdd100k": CITYSCAPES}


class LabelImage(NamedTuple):
    """What a file, or a network for it, says."""

    path: Path
    numbers: Labels
    meaning: Meaning


def numbers(classes: Sequence[int]) -> Meaning:
    """The table of files in which 0, 1, ... stand for these classes and 255 for void."""
    table = np.full(256, UNKNOWN, np.int16)
    table[: len(classes)] = classes
    table[255] = VOID
    return table


CAMVID_NUMBERS = numbers([*range(len(CLASSES)), VOID])
TRAIN_IDS = numbers(range(len(CITYSCAPES_CLASSES)))
IDS = numbers([VOID if one == 255 else one for one in LABEL_IDS[:34].tolist()])  # 0..33
ANYTHING = np.where(TRAIN_IDS == UNKNOWN, VOID, TRAIN_IDS)  # BDD100K ignores unknown answers


def meaning_of(path: Path, layout: str, otherwise: Meaning | None = None) -> Meaning:
    """By data set and file name; `otherwise` for a Cityscapes name that does not say."""
    if layout == "camvid":
        return CAMVID_NUMBERS
    if layout == "cityscapes" and path.stem.endswith("_labelIds"):
        return IDS
    if layout == "cityscapes" and path.stem.endswith("_labelTrainIds"):
        return TRAIN_IDS
    return TRAIN_IDS if otherwise is None else otherwise


def as_camvid(meaning: Meaning) -> Meaning:
    """The same numbers in CamVid's classes instead of Cityscapes'."""
    classes = np.array(CAMVID_INDEX, np.int16)
    return np.where(meaning >= 0, classes[meaning.clip(0)], meaning)


def compare(truth: LabelImage, said: LabelImage, classes: int) -> Confusion:
    """(K, K + 1).  Raises BadInput for sizes that differ and for numbers nobody defined."""
    if said.numbers.shape != truth.numbers.shape:
        has, must = (f"{one.shape[1]}x{one.shape[0]}" for one in (said.numbers, truth.numbers))
        raise BadInput("prediction", said.path, f"is {has}, its truth {must}")
    counts = joint_counts(truth.numbers, said.numbers)
    require_known(counts.sum(axis=1) > 0, truth)
    require_known(counts.sum(axis=0) > 0, said)
    return confusion(counts, truth.meaning, said.meaning, classes)


def joint_counts(truth: Labels, said: Labels) -> Counts:
    """truth, said: of one shape"""
    total = np.zeros((256, 256), np.int64)
    pieces = -(-truth.size // EXACT)
    for pair in zip(*(np.array_split(one.ravel(), pieces) for one in (truth, said)), strict=True):
        counted = cv2.calcHist(list(pair), [0, 1], None, [256, 256], [0, 256, 0, 256])
        total += counted.astype(np.int64)
    return total


def confusion(counts: Counts, truth: Meaning, said: Meaning, classes: int) -> Confusion:
    """(K, K + 1) pixels by class; those whose truth is void do not count."""
    columns = np.where(said >= 0, said, classes)
    matrix = empty(classes)
    for number in np.flatnonzero(truth >= 0):
        np.add.at(matrix[truth[number]], columns, counts[number])
    return matrix


def require_known(present: NDArray[np.bool_], image: LabelImage) -> None:
    """Raises BadInput for a number that the data set does not define.

    present: (256,) whether a number is in the image
    """
    unknown = np.flatnonzero(present & (image.meaning == UNKNOWN))
    if len(unknown):
        last = np.flatnonzero(image.meaning[:255] != UNKNOWN)[-1]
        has = ", ".join(map(str, unknown[:5]))
        raise BadInput("label image", image.path, f"holds {has}; known are 0..{last}, 255 for void")


def read_labels(path: Path) -> Labels:
    """(H, W).  Raises BadInput."""
    if not path.is_file():
        raise BadInput("label image", path, "is not there")
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None:
        raise BadInput("label image", path, "cannot be read as a picture")
    if labels.ndim != 2 or labels.dtype != np.uint8:
        has = f"{1 if labels.ndim == 2 else labels.shape[2]} channels of {labels.dtype}"
        raise BadInput("label image", path, f"has {has}; it must be one of 8-bit class numbers")
    return np.asarray(labels, np.uint8)
