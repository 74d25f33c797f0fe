"""Pairs for matching by looks: objects cut out of CamVid, pasted on two streets beside another.

Nothing but the looks tells which of the two objects is meant (cut-and-paste as in Dwibedi et al.
2017, arXiv:1708.01642).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from road_clarity.training.picture import Image
from road_clarity.training.tracking_pairs import Sighting, Sightings

SIDE = 360  # of the street around the objects [px]
OBJECT_PX = (40.0, 110.0)  # mean side of a pasted object
RESIZED = 0.15  # standard deviation of the log of its size between the two pictures
SHADE = 0.15  # the same of its brightness
FEATHER_PX = 3


def pasted_pair(
    objects: Sequence[Sighting], streets: Sequence[Image], rng: np.random.Generator
) -> Sightings:
    """The same object in two pictures."""
    wanted, other = (objects[i] for i in rng.integers(len(objects), size=2))
    size = rng.uniform(*OBJECT_PX)
    mirrored = rng.random() < 0.5
    first, second = (
        scene(wanted, other, size * np.exp(rng.normal(0, RESIZED)), mirrored, streets, rng)
        for _ in range(2)
    )
    return first, second


def scene(
    wanted: Sighting,
    other: Sighting,
    size: float,
    mirrored: bool,
    streets: Sequence[Image],
    rng: np.random.Generator,
) -> Sighting:
    """A street with both objects; the wanted one in front."""
    picture = streets[int(rng.integers(len(streets)))]
    side = min(SIDE, *picture.shape[:2])
    y, x = (rng.integers(edge - side + 1) for edge in picture.shape[:2])
    canvas = picture[y : y + side, x : x + side].copy()
    paste(canvas, other, size * rng.uniform(0.7, 1.3), rng.random() < 0.5, rng)
    return paste(canvas, wanted, size, mirrored, rng)


def paste(
    canvas: Image, one: Sighting, size: float, mirrored: bool, rng: np.random.Generator
) -> Sighting:
    """Put the object somewhere on the canvas, in place."""
    x0, y0, x1, y1 = (int(edge) for edge in one.box)
    assert one.shape is not None
    looks, shape = one.image[y0:y1, x0:x1], one.shape.astype(np.float32)
    scale = min(2 * size / (x1 - x0 + y1 - y0), 0.8 * len(canvas) / max(x1 - x0, y1 - y0))
    w, h = max(8, round((x1 - x0) * scale)), max(8, round((y1 - y0) * scale))
    looks = cv2.resize(looks, (w, h)).astype(np.float32) * np.exp(rng.normal(0, SHADE))
    shape = cv2.GaussianBlur(cv2.resize(shape, (w, h)), (FEATHER_PX, FEATHER_PX), 0)[:, :, None]
    if mirrored:
        looks, shape = looks[:, ::-1], shape[:, ::-1]
    x, y = rng.integers(canvas.shape[1] - w), rng.integers(canvas.shape[0] - h)
    under = canvas[y : y + h, x : x + w]
    under[:] = np.clip(under * (1 - shape) + looks * shape, 0, 255).astype(np.uint8)
    return Sighting(canvas, (x, y, x + w, y + h), 0)
