"""Rain: a wet road that mirrors a little, and streaks before everything."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.scene import CLASSES
from road_clarity.training.simulator.camera import Camera
from road_clarity.training.simulator.mesh import floats

WET, MIRRORED = 0.66, 0.34  # share of a road's own light, and of what it mirrors
STREAKS_PX = 260  # pixels per streak
STREAK_LIGHT = 46.0  # of 255
DRIFT = 0.16  # sideways per downwards
ROAD = CLASSES.index("Road")
Picture = NDArray[np.uint8]


def rained_on(picture: Picture, classes: NDArray[np.uint8], camera: Camera, index: int) -> Picture:
    """The picture (H, W, 3) of a dry street, in the rain; `index` picks the streaks."""
    wet = mirrored(picture, classes, camera)
    height, width = picture.shape[:2]
    sheet = streaks((width, height))
    down, across = np.random.default_rng((7, index)).integers(0, (height, width))
    falling = np.ascontiguousarray(sheet[down : down + height, across : across + width])
    return np.asarray(cv2.add(wet, falling), np.uint8)


def mirrored(picture: Picture, classes: NDArray[np.uint8], camera: Camera) -> Picture:
    """Roads darker, and in them a blurred mirror image of what rises above the horizon."""
    height, width = picture.shape[:2]
    horizon = round(height / 2 + camera.focal_px * math.tan(camera.pitch))
    below = height - horizon
    above = picture[max(horizon - below, 0) : horizon][::-1]
    mirror = cv2.resize(above, (width, below)) if len(above) < below else above
    mirror = cv2.blur(mirror, (max(width // 160, 1), max(height // 12, 1)))
    road = cv2.blur((classes[horizon:] == ROAD).astype(np.float32), (3, 3))[..., None]
    ground = picture[horizon:].astype(np.float32)
    wet = WET * ground + MIRRORED * mirror
    out = picture.copy()
    out[horizon:] = cv2.convertScaleAbs(ground + road * (wet - ground))
    return out


@lru_cache(maxsize=4)
def streaks(size: tuple[int, int]) -> Picture:
    """(2 H, 2 W, 3) falling drops, drawn out by the exposure."""
    width, height = size
    rng = np.random.default_rng(3)
    sheet = np.zeros((2 * height, 2 * width), np.float32)
    for _ in range(4 * width * height // STREAKS_PX):
        x, y = rng.uniform(0, 2 * width), rng.uniform(0, 2 * height)
        length = float(rng.uniform(0.02, 0.07)) * height
        start, end = (round(x), round(y)), (round(x - DRIFT * length), round(y + length))
        cv2.line(sheet, start, end, float(rng.uniform(0.2, 1.0)), 1, cv2.LINE_AA)
    sheet = cv2.GaussianBlur(sheet, (0, 0), max(width / 900, 0.4))
    return np.repeat(floats(sheet * STREAK_LIGHT).astype(np.uint8)[..., None], 3, axis=2)
