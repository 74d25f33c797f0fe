"""Lane samples and how they are varied, so that few frames of one camera teach about many cameras.

A sample is an image at SAMPLE_SIZE with its lines; `vary` gives SCNN's targets at its input size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.training.lane_loss import UNKNOWN
from road_clarity.training.road_paint import repaint

Image = NDArray[np.uint8]
Points = NDArray[np.float32]  # (N, 2) x, y [px]

SAMPLE_SIZE = (640, 360)  # width, height kept in memory
INPUT_SIZE = (512, 288)  # width, height of the network's input
LINE_WIDTH = 6  # of a drawn lane line at INPUT_SIZE; the published 16 at 1640 px
FEWEST_ROWS = 16  # a line that shows in fewer rows of the input does not exist [px]
OPPOSITE = {1: 4, 2: 3, 3: 2, 4: 1}  # class of a line in the mirror


@dataclass(frozen=True, eq=False)
class LaneSample:
    image: Image  # (360, 640, 3) RGB
    lanes: Mapping[int, Points]  # class 1..4 -> points at SAMPLE_SIZE
    unknown: Image | None = None  # (360, 640) nonzero where nobody knows whether a line is there


@dataclass(frozen=True, eq=False)
class Target:
    image: Image  # (288, 512, 3) RGB
    classes: Image  # (288, 512) 0 background, 1..4 lanes, UNKNOWN
    existence: NDArray[np.float32]  # (4,) 0 or 1, nan where nobody knows
    lines: list[Points]  # those that exist, x, y at INPUT_SIZE


def plain(sample: LaneSample) -> Target:
    """The sample as it is, at the network's size."""
    return _warped(sample, _fit(), mirrored=False)


def vary(sample: LaneSample, rng: np.random.Generator) -> Target:
    """Another camera, another light: mirrored, moved, turned, squeezed, shaded, blurred."""
    mirrored = bool(rng.random() < 0.5)
    target = _warped(sample, _placement(rng) @ (_mirror() if mirrored else np.eye(3)), mirrored)
    image = target.image
    if rng.random() < 0.3:
        image = repaint(image, target.lines, rng)
    for chance, change in (
        (0.35, _shadow),
        (0.8, _light),
        (0.5, _colour),
        (0.1, _night),
        (0.35, _soften),
        (0.3, _noise),
    ):
        if rng.random() < chance:
            image = change(image, rng)
    classes = target.classes
    if rng.random() < 0.3:
        image, classes = _bonnet(image, classes, rng)
    return Target(image, classes, target.existence, target.lines)


def _fit() -> NDArray[np.float64]:
    """Homogeneous map from SAMPLE_SIZE to INPUT_SIZE; pixel centres lie on whole numbers."""
    sx, sy = INPUT_SIZE[0] / SAMPLE_SIZE[0], INPUT_SIZE[1] / SAMPLE_SIZE[1]
    return np.array([[sx, 0, sx / 2 - 0.5], [0, sy, sy / 2 - 0.5], [0, 0, 1]])


def _mirror() -> NDArray[np.float64]:
    return np.array([[-1.0, 0, SAMPLE_SIZE[0] - 1], [0, 1, 0], [0, 0, 1]])


def _placement(rng: np.random.Generator) -> NDArray[np.float64]:
    """Where a camera of another height, angle, lens and aspect would see the road."""
    width, height = INPUT_SIZE
    zoom, squeeze = rng.uniform(0.85, 1.35), rng.uniform(0.8, 1.2)
    turn = np.radians(rng.normal(0.0, 1.5))
    # Cameras differ most in where the horizon lies: TuSimple's is high (0.35), many others' at 0.6.
    right, down = rng.normal(0, 0.06) * width, rng.uniform(-0.08, 0.32) * height
    cos, sin = np.cos(turn), np.sin(turn)
    about = np.array(
        [[zoom * squeeze * cos, -zoom * sin, 0], [zoom * sin, zoom / squeeze * cos, 0], [0, 0, 1]]
    )
    centre, horizon = width / 2, 0.36 * height
    to_origin = np.array([[1, 0, -centre], [0, 1, -horizon], [0, 0, 1]])
    back = np.array([[1, 0, centre + right], [0, 1, horizon + down], [0, 0, 1]])
    placed: NDArray[np.float64] = back @ about @ to_origin @ _fit()
    return placed


def _warped(sample: LaneSample, matrix: NDArray[np.float64], mirrored: bool) -> Target:
    image = cv2.warpAffine(sample.image, matrix[:2], INPUT_SIZE, borderMode=cv2.BORDER_REPLICATE)
    classes = np.zeros(INPUT_SIZE[::-1], dtype=np.uint8)
    if sample.unknown is not None:
        hidden = cv2.warpAffine(sample.unknown, matrix[:2], INPUT_SIZE, flags=cv2.INTER_NEAREST)
        classes[hidden > 0] = UNKNOWN
    absent = 0.0 if sample.unknown is None else np.nan
    existence, lines = np.full(4, absent, dtype=np.float32), []
    for number, points in sample.lanes.items():
        place = OPPOSITE[number] if mirrored else number
        moved = points @ matrix[:2, :2].T + matrix[:2, 2]
        inside = (moved >= 0).all(axis=1) & (moved < INPUT_SIZE).all(axis=1)
        rows = moved[inside, 1]
        if len(rows) >= 2 and np.ptp(rows) >= FEWEST_ROWS:
            cv2.polylines(classes, [np.rint(moved).astype(np.int32)], False, place, LINE_WIDTH)
            existence[place - 1] = 1.0
            lines.append(moved.astype(np.float32))
    return Target(image, classes, existence, lines)


def _bytes(colours: NDArray[np.floating[Any]]) -> Image:
    levels: Image = colours.clip(0, 255).astype(np.uint8)
    return levels


def _light(image: Image, rng: np.random.Generator) -> Image:
    """Exposure and contrast."""
    gamma, gain, lift = rng.uniform(0.45, 1.3), rng.uniform(0.8, 1.25), rng.uniform(-20, 20)
    levels = np.arange(256) / 255.0
    return _bytes(gain * 255 * levels**gamma + lift)[image]


def _colour(image: Image, rng: np.random.Generator) -> Image:
    """White balance and saturation."""
    grey = image.mean(axis=2, keepdims=True)
    tinted = (grey + rng.uniform(0.3, 1.6) * (image - grey)) * rng.uniform(0.88, 1.12, 3)
    return _bytes(tinted)


def _night(image: Image, rng: np.random.Generator) -> Image:
    """Dark, with the road ahead lit by our own lamps."""
    rows = np.linspace(0.25, 1.0, image.shape[0])[:, None, None]
    dark = 255 * (image / 255.0) ** rng.uniform(1.3, 2.2) * rows * rng.uniform(0.3, 0.7)
    return _bytes(dark)


def _shadow(image: Image, rng: np.random.Generator) -> Image:
    """A soft-edged shadow of a bridge, tree or building."""
    width, height = INPUT_SIZE
    corners = rng.uniform((-0.2, 0.3), (1.2, 1.1), (int(rng.integers(3, 7)), 2)) * (width, height)
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1, 5))[..., None]
    return _bytes(image * (1 - mask * rng.uniform(0.2, 0.65)))


def _soften(image: Image, rng: np.random.Generator) -> Image:
    """A small or out-of-focus camera: fewer pixels, then enlarged again."""
    shrink = rng.uniform(0.35, 0.9)
    few = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    soft: Image = cv2.resize(few, INPUT_SIZE, interpolation=cv2.INTER_LINEAR)
    return soft


def _noise(image: Image, rng: np.random.Generator) -> Image:
    grain = rng.normal(0, rng.uniform(2, 10), image.shape).astype(np.float32)
    return _bytes(image + grain)


def _bonnet(image: Image, classes: Image, rng: np.random.Generator) -> tuple[Image, Image]:
    """The own car's bonnet covers the bottom, and the lines under it."""
    width, height = INPUT_SIZE
    mask = np.zeros((height, width), np.uint8)
    centre = (int(width * rng.uniform(0.4, 0.6)), int(height * rng.uniform(1.1, 1.3)))
    axes = (int(width * rng.uniform(0.7, 1.2)), centre[1] - int(height * rng.uniform(0.86, 0.97)))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    covered = mask > 0
    shine = cv2.GaussianBlur(rng.uniform(-120, 120, (height, width)).astype(np.float32), (0, 0), 9)
    colour = rng.uniform(10, 160) + rng.uniform(-20, 20, 3)
    painted = np.where(covered[..., None], (colour + shine[..., None]).clip(0, 255), image)
    return painted.astype(np.uint8), np.where(covered, 0, classes)
