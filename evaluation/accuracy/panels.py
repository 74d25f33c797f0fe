"""Example pictures: what a network said, in colours, and what is true, in white.

All are WIDTH columns wide.  h, w: of the panel; S side of the world model's pictures [px].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.overlay import INK, TRACK_COLOURS, WHITE, Pen, Pixels, draw_lane, scaled
from road_clarity.safety.scene import CLASSES, Box, Lane

WIDTH, QUALITY = 480, 80  # [px], of the JPEGs 0..100
LARGEST_BYTES = 60_000
GAP = 4  # beside each of three pictures [px]
PALETTE = np.array([  # CamVid's own colours, in the order of CLASSES
    (128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (0, 0, 192), (128, 128, 0),
    (192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192), (0, 0, 0),
], np.uint8)  # fmt: skip
WRONG = (240, 60, 60)
Polyline = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Example:
    """score: larger is better.  words: where it is from.  shown: the score as it is told"""

    score: float
    words: str
    shown: str
    panel: Pixels


def three_of(examples: Sequence[Example]) -> dict[str, Example]:
    """The best, the one in the middle, the worst; the earlier one of two that are alike."""
    order = sorted(examples, key=lambda one: -one.score)
    return {"best": order[0], "typical": order[len(order) // 2], "worst": order[-1]}


def jpeg(panel: Pixels) -> bytes:
    """Coarser until it is small enough."""
    bgr = cv2.cvtColor(panel, cv2.COLOR_RGB2BGR)
    for quality in range(QUALITY, 20, -10):
        data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) < LARGEST_BYTES:
            break
    return data


def pen_for(image: Pixels) -> Pen:
    return Pen(WIDTH / image.shape[1], 0.62)


def lane_panel(image: Pixels, found: Iterable[Lane], truth: Iterable[Polyline]) -> Pixels:
    picture, pen = scaled(image, WIDTH), pen_for(image)
    for lane in found:
        draw_lane(picture, lane, pen)
    for line in truth:
        corners = np.array([pen.point(x, y) for x, y in line], np.int32).reshape(-1, 1, 2)
        cv2.polylines(picture, [corners], False, WHITE, 1, cv2.LINE_AA)
    return picture


def class_panel(image: Pixels, said: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Pixels:
    """What is said above, where it is wrong below.

    said, truth: (h, w) of one size, 11 and more is void
    """
    picture = scaled(image, WIDTH)
    size = picture.shape[1::-1]
    said, truth = (cv2.resize(one, size, interpolation=cv2.INTER_NEAREST) for one in (said, truth))
    void = len(CLASSES)
    above = cv2.addWeighted(picture, 0.4, PALETTE[np.minimum(said, void)], 0.6, 0)
    below = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    below[(said != truth) & (truth < void)] = WRONG
    return np.asarray(np.vstack([above, below]), np.uint8)


def box_panel(image: Pixels, said: Iterable[tuple[str, Box]], truth: Iterable[Box]) -> Pixels:
    picture, pen = scaled(image, WIDTH), pen_for(image)
    for box in truth:
        rectangle(picture, box, pen, WHITE, 1)
    for label, box in said:
        rectangle(picture, box, pen, INK, 4)
        rectangle(picture, box, pen, TRACK_COLOURS[label], 2)
    return picture


def rectangle(
    picture: Pixels, box: Box, pen: Pen, colour: tuple[int, int, int], thickness: int
) -> None:
    start, end = pen.point(*box[:2]), pen.point(*box[2:])
    cv2.rectangle(picture, start, end, colour, thickness, cv2.LINE_AA)


def dream_panel(now: Pixels, dreamt: Pixels, then: Pixels) -> Pixels:
    """Three pictures (S, S, 3), from left to right."""
    side = WIDTH // 3 - GAP
    large = [
        cv2.resize(one, (side, side), interpolation=cv2.INTER_NEAREST)
        for one in (now, dreamt, then)
    ]
    edged = [
        cv2.copyMakeBorder(one, 0, 0, 0, GAP, cv2.BORDER_CONSTANT, value=WHITE) for one in large
    ]
    return np.asarray(np.hstack(edged), np.uint8)
