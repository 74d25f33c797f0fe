"""Fresh paint on known lane lines: solid or dashed, white to orange, in perspective.

The lines of one camera's roads are alike (TuSimple's are thin and worn); painted ones teach the
rest.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float32]  # (N, 2) x, y [px]

PAINTS = ((235, 235, 230), (215, 215, 215), (230, 180, 50), (205, 140, 60))  # RGB
SUBPIXEL_BITS = 4  # fixed-point coordinates of OpenCV's anti-aliased polygons


def repaint(image: Image, lines: list[Points], rng: np.random.Generator) -> Image:
    """The image (H, W, 3) with some of its lines painted anew."""
    if not lines:
        return image
    height = image.shape[0]
    horizon = min(float(line[:, 1].min()) for line in lines) - 2.0
    painted = image.copy()
    for line in lines:
        if rng.random() < 0.7:
            _paint_line(painted, line, horizon, height, rng)
    opacity = rng.uniform(0.5, 0.95)
    blend: Image = cv2.addWeighted(painted, opacity, image, 1 - opacity, 0)
    return blend


def _paint_line(
    image: Image, line: Points, horizon: float, height: int, rng: np.random.Generator
) -> None:
    """Quadrilaterals a pixel row high: width grows, dashes shorten with nearness."""
    order = np.argsort(line[:, 1])
    y = np.arange(line[order[0], 1], line[order[-1], 1] + 1.0)
    x = np.interp(y, line[order, 1], line[order, 0])
    nearness = (y - horizon) / (height - horizon)  # 1 at the bottom, 0 at the horizon
    half = 0.5 + nearness * rng.uniform(2.0, 5.0) * max(1.0, abs(np.gradient(x).mean()))
    dashed, period, share = rng.random() < 0.6, rng.uniform(0.8, 2.5), rng.uniform(0.25, 0.6)
    along = 1.0 / np.maximum(nearness, 1e-3) / period + rng.random()  # distance in dash periods
    colour = np.array(PAINTS[rng.integers(len(PAINTS))]) * rng.uniform(0.7, 1.08)
    for i in range(len(y) - 1):
        if dashed and along[i] % 1.0 > share:
            continue
        corners = np.array([
            (x[i] - half[i], y[i]), (x[i] + half[i], y[i]),
            (x[i + 1] + half[i + 1], y[i + 1]), (x[i + 1] - half[i + 1], y[i + 1]),
        ])  # fmt: skip
        fixed = np.rint(corners * 2**SUBPIXEL_BITS).astype(np.int32)
        cv2.fillPoly(image, [fixed], colour.clip(0, 255).tolist(), cv2.LINE_AA, SUBPIXEL_BITS)
