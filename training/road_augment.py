"""SCNN's published augmentation (Pan et al. 2018; their datasets/lane.lua): stretch, turn, crop.

Published for images of 800 x 288; another input size gets the same in proportion.  H, W: rows and
columns of the network's input.
"""

from __future__ import annotations

import cv2
import numpy as np

from road_clarity.training.labelled import Label
from road_clarity.training.labelled_road import LabelledRoad
from road_clarity.training.picture import Image

PUBLISHED_SIZE = (288, 800)  # rows, columns
HEIGHTS, WIDTHS = (274, 304), (760, 842)  # an image is stretched to [px]
TURN_DEG = 1.0  # at most, either way

Colour = tuple[float, float, float]  # RGB, 0..255


def plain(road: LabelledRoad, size: tuple[int, int]) -> LabelledRoad:
    """The whole road at (H, W)."""
    return LabelledRoad(*stretched(road.image, road.classes, size), road.existence)


def vary(
    road: LabelledRoad, size: tuple[int, int], mean: Colour, rng: np.random.Generator
) -> LabelledRoad:
    """The road as published training sees it.  mean: colour of what lies beyond the image"""
    limits = zip((HEIGHTS, WIDTHS), size, PUBLISHED_SIZE, strict=True)
    rows, columns = (
        int(rng.integers(low * side // published, high * side // published + 1))
        for (low, high), side, published in limits
    )
    image, classes = stretched(road.image, road.classes, (rows, columns))
    turn = rng.uniform(-TURN_DEG, TURN_DEG)
    image, classes = turned(image, classes, turn, mean)
    image, classes = padded(image, classes, size, mean, rng)
    top, left = (int(rng.integers(have - want + 1)) for have, want in
                 zip(classes.shape, size, strict=True))  # fmt: skip
    part = slice(top, top + size[0]), slice(left, left + size[1])
    return LabelledRoad(image[part], classes[part], road.existence)


def stretched(image: Image, classes: Label, size: tuple[int, int]) -> tuple[Image, Label]:
    """To (rows, columns), without regard to the image's shape."""
    to = size[::-1]
    return (
        np.asarray(cv2.resize(image, to, interpolation=cv2.INTER_CUBIC), np.uint8),
        np.asarray(cv2.resize(classes, to, interpolation=cv2.INTER_NEAREST), np.uint8),
    )


def turned(image: Image, classes: Label, degrees: float, mean: Colour) -> tuple[Image, Label]:
    """About the middle; what comes in from beyond the image is background."""
    rows, columns = classes.shape
    about = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), degrees, 1.0)
    to = (columns, rows)
    return (
        np.asarray(cv2.warpAffine(image, about, to, borderValue=mean), np.uint8),
        np.asarray(cv2.warpAffine(classes, about, to, flags=cv2.INTER_NEAREST), np.uint8),
    )


def padded(
    image: Image, classes: Label, size: tuple[int, int], mean: Colour, rng: np.random.Generator
) -> tuple[Image, Label]:
    """At least (H, W): rows are added on top, columns by chance on either side."""
    top, aside = (max(want - have, 0) for want, have in zip(size, classes.shape, strict=True))
    left = int(rng.integers(aside + 1))
    beyond = (top, 0, left, aside - left)
    return (
        np.asarray(cv2.copyMakeBorder(image, *beyond, cv2.BORDER_CONSTANT, value=mean), np.uint8),
        np.asarray(cv2.copyMakeBorder(classes, *beyond, cv2.BORDER_CONSTANT, value=0), np.uint8),
    )
