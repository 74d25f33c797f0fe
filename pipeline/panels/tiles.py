"""Small pictures of a sheet: frames, heat with its scale, and outlines.

Heat has one colour map on all sheets, dark for 0, and always states what its bright end means.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.overlay import INK, Colour, blend, heat_colours, text_width
from road_clarity.pipeline.panels.paper import (
    BLAME,
    GREY,
    SMALL,
    Pixels,
    below,
    blank,
    write,
)
from road_clarity.safety.scene import Box

Map = NDArray[np.float32]  # (h, w)

BAR = 10  # thickness of a colour scale [px]
OUTSIDE = 3  # between a box and what is in it [px]
HIDDEN = 0.9  # of the picture, by the hottest heat


def enlarged(image: Pixels, height: int) -> Pixels:
    """Whole pixels stay visible as squares when a small picture grows; a large one is averaged."""
    size = (max(1, round(image.shape[1] * height / image.shape[0])), height)
    how = cv2.INTER_NEAREST if height >= image.shape[0] else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def fitted(image: Pixels, width: int, height: int) -> Pixels:
    """As large as fits into width x height."""
    tall = min(height, round(width * image.shape[0] / image.shape[1]))
    return enlarged(image, tall)


def heat_tile(values: Map, largest: float, height: int) -> Pixels:
    """Values from 0 to `largest` in colours; larger ones are as bright as the largest."""
    strength = np.clip(np.asarray(values, np.float32) / max(largest, 1e-12), 0.0, 1.0)
    return enlarged(heat_colours(strength), height)


def heat_over(image: Pixels, values: Map, largest: float, height: int) -> Pixels:
    """Heat over the picture in dim grey: what is hot, and on what."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    picture = enlarged(cv2.convertScaleAbs(grey, alpha=0.55), height)
    strength = np.clip(np.asarray(values, np.float32) / max(largest, 1e-12), 0.0, 1.0)
    strength = cv2.resize(strength, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return blend(picture, heat_colours(strength), HIDDEN * np.sqrt(strength))


def scale_bar(width: int, largest: float, unit: str) -> Pixels:
    """The colours from 0 to `largest`, with both ends and the unit written below."""
    ramp = np.linspace(0.0, 1.0, width, dtype=np.float32)[None].repeat(BAR, 0)
    words = blank(width, round(SMALL * 1.3))
    end = number(largest)
    write(words, "0", (0, SMALL), colour=GREY)
    write(words, end, (width - text_width(end, SMALL, 420) - 1, SMALL), colour=GREY)
    middle = (width - text_width(unit, SMALL, 420)) // 2
    write(words, unit, (middle, SMALL), colour=GREY)
    return below([heat_colours(ramp), words], gap=2)


def number(value: float) -> str:
    """Two digits that mean something."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def outlined(picture: Pixels, box: Box, size: tuple[int, int], colour: Colour = BLAME) -> Pixels:
    """A copy with the box drawn; size: (width, height) that the box's pixels belong to."""
    drawn = picture.copy()
    sx, sy = picture.shape[1] / size[0], picture.shape[0] / size[1]
    start = round(box[0] * sx) - OUTSIDE, round(box[1] * sy) - OUTSIDE
    end = round(box[2] * sx) + OUTSIDE - 1, round(box[3] * sy) + OUTSIDE - 1
    for paint, thickness in ((INK, 4), (colour, 2)):
        cv2.rectangle(drawn, start, end, paint, thickness, cv2.LINE_AA)
    return drawn
