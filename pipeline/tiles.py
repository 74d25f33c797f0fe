"""Feature maps side by side on one sheet."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def tiled(maps: NDArray[np.float32], columns: int, side_px: int) -> NDArray[np.uint8]:
    """(C, h, w) -> (rows * side, columns * side) grey, each map stretched from black to white.

    What is no number, and a map that is flat, is black.
    """
    rows = max(-(-len(maps) // columns), 1)
    sheet = np.zeros((rows * side_px, columns * side_px), np.uint8)
    for number, values in enumerate(maps):
        top, left = number // columns * side_px, number % columns * side_px
        tile = cv2.resize(stretched(values), (side_px, side_px), interpolation=cv2.INTER_NEAREST)
        sheet[top : top + side_px, left : left + side_px] = tile
    return sheet


def stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(values.shape, np.uint8)
    low, high = float(values[known].min()), float(values[known].max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return np.asarray(np.where(known, (values - low) * scale, 0.0).round(), np.uint8)
