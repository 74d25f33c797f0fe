"""Frames that no calm drive shows, made from calm ones: what the anomaly scores must tell apart.

N frames of S x S pixels, (N, S, S, 3) uint8.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
OBJECT_SIDE = (0.3, 0.45)  # of a pasted object over the frame's side
TILES = 4  # per side of a shuffled frame


def noise(frames: Frames, rng: np.random.Generator) -> Frames:
    return rng.integers(0, 256, frames.shape, dtype=np.uint8)


def black(frames: Frames, rng: np.random.Generator) -> Frames:
    return np.zeros_like(frames)


def upside_down(frames: Frames, rng: np.random.Generator) -> Frames:
    return frames[:, ::-1].copy()


def shuffled(frames: Frames, rng: np.random.Generator) -> Frames:
    """The same tiles in another order."""
    n, side = len(frames), frames.shape[1]
    tile = side // TILES
    grid = frames.reshape(n, TILES, tile, TILES, tile, 3).swapaxes(2, 3)
    tiles = grid.reshape(n, TILES**2, tile, tile, 3)
    mixed = np.stack([one[rng.permutation(TILES**2)] for one in tiles])
    back = mixed.reshape(n, TILES, TILES, tile, tile, 3).swapaxes(2, 3)
    return np.ascontiguousarray(back.reshape(frames.shape))


def with_object(frames: Frames, rng: np.random.Generator) -> Frames:
    """A big two-coloured checked ellipse somewhere in the frame."""
    side = frames.shape[1]
    odd = frames.copy()
    for frame in odd:
        size = round(side * rng.uniform(*OBJECT_SIDE))
        top, left = rng.integers(0, side - size, size=2)
        colours = rng.integers(0, 256, (2, 3), dtype=np.uint8)
        checks = np.indices((size, size)).sum(axis=0) // max(1, size // 6) % 2
        mask = np.zeros((size, size), np.uint8)
        cv2.circle(mask, (size // 2, size // 2), size // 2, 1, -1)
        patch = frame[top : top + size, left : left + size]
        patch[mask == 1] = colours[checks][mask == 1]
    return odd


ODD: dict[str, Callable[[Frames, np.random.Generator], Frames]] = {
    "noise": noise,
    "black": black,
    "upside_down": upside_down,
    "shuffled": shuffled,
    "object": with_object,
}
