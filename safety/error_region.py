"""Which part of the frame the world model fails on: the box that a reason points to."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.scene import Box

PEAK_SHARE = 0.5  # pixels above this share of the largest error belong to a region


def error_region(error_map: NDArray[np.float32], size: tuple[int, int]) -> Box | None:
    """The connected region with most of the error, in source pixels; None without any error.

    error_map: (h, w) >= 0      size: (width, height) of the source image [px]
    """
    smoothed = cv2.blur(error_map, (5, 5), borderType=cv2.BORDER_REPLICATE)
    peak = float(smoothed.max())
    if not peak > 0.0:
        return None
    hot = (smoothed >= PEAK_SHARE * peak).astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(hot)
    mass = np.bincount(labels.ravel(), weights=smoothed.ravel(), minlength=count)
    mass[0] = 0.0  # label 0 is everything below the threshold
    left, top, width, height = (float(v) for v in boxes[int(mass.argmax()), :4])
    sx, sy = size[0] / error_map.shape[1], size[1] / error_map.shape[0]
    return left * sx, top * sy, (left + width) * sx, (top + height) * sy


def error_share(error_map: NDArray[np.float32], size: tuple[int, int], box: Box) -> float:
    """Share 0..1 of all error inside the box; pixels on its edge count by their covered part."""
    height, width = error_map.shape
    sx, sy = width / size[0], height / size[1]
    columns = np.clip(np.minimum(box[2] * sx, np.arange(width) + 1)
                      - np.maximum(box[0] * sx, np.arange(width)), 0.0, 1.0)  # fmt: skip
    rows = np.clip(np.minimum(box[3] * sy, np.arange(height) + 1)
                   - np.maximum(box[1] * sy, np.arange(height)), 0.0, 1.0)  # fmt: skip
    total = float(error_map.sum())
    return float(rows @ error_map @ columns) / total if total > 0.0 else 0.0
