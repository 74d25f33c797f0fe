"""An image and what is where in it, read from disk; whatever does not fit is refused by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.training.picture import Image, read_rgb

VOID = 255  # the label of what counts neither in training nor in the score
UNKNOWN = -1  # in a table of meanings: a number that the data set does not define

Label = NDArray[np.uint8]  # (H, W) class numbers, or VOID
Meaning = NDArray[np.int16]  # (256,) class of every number in a label image, VOID or UNKNOWN


@dataclass(frozen=True, eq=False)
class Labelled:
    """The two may differ in resolution."""

    image: Image
    label: Label


def read_pair(image_path: Path, label_path: Path, meaning: Meaning) -> Labelled:
    """Image and label of one size.  Raises BadInput."""
    image, numbers = read_rgb(image_path), read_numbers(label_path)
    if numbers.shape != image.shape[:2]:
        is_size, must_be = (f"{one.shape[1]}x{one.shape[0]}" for one in (numbers, image))
        raise BadInput("label image", label_path, f"is {is_size}; its image is {must_be}")
    label = meaning[numbers]
    if label.min() == UNKNOWN:
        number = int(numbers[label == UNKNOWN][0])
        known = np.flatnonzero(meaning != UNKNOWN)
        raise BadInput(
            "label image",
            label_path,
            f"holds {number}; known are {known[0]}..{known[known < VOID][-1]}",
        )
    return Labelled(image, label.astype(np.uint8))


def read_numbers(path: Path) -> Label:
    """The numbers in a label image.  Raises BadInput when it is none."""
    numbers = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if numbers is None or numbers.ndim != 2 or numbers.dtype != np.uint8:
        raise BadInput("label image", path, "must be there, one channel of 8-bit class numbers")
    return np.asarray(numbers, np.uint8)


def meaning(classes: Iterable[int]) -> Meaning:
    """The table for label images in which the numbers 0, 1, ... stand for these classes."""
    table = np.full(256, UNKNOWN, np.int16)
    known = list(classes)
    table[: len(known)] = known
    table[VOID] = VOID
    return table
