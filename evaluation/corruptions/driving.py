"""What befalls a camera behind a windscreen: dirt, droplets, glare, tearing, swapped colours, loss.

Images (H, W, 3) float32 RGB in [0, 1]; places and sizes are shares of the image.
"""

from __future__ import annotations

import cv2
import numpy as np

from road_clarity.evaluation.corruptions.noise import Image
from road_clarity.evaluation.corruptions.weather import clouds

BLOCK_PX = 16  # side of the blocks that a video stream loses


def lens_dirt(image: Image, share: float, rng: np.random.Generator) -> Image:
    """share: of the image behind dried dirt, blurred and brown"""
    height, width = image.shape[:2]
    cover = clouds(image.shape, 1.5, rng)
    edge = np.quantile(cover, 1 - share)
    mask = np.clip((cover - edge) * 12 + 0.5, 0, 1)[..., None] * 0.85
    behind = cv2.GaussianBlur(image, (0, 0), min(height, width) / 20)
    brown = 0.3 * behind + 0.7 * np.array([0.24, 0.19, 0.14], np.float32)
    return np.asarray(image * (1 - mask) + brown * mask, np.float32)


def droplets(image: Image, count: int, rng: np.random.Generator) -> Image:
    """count: of drops on the glass; each shows its surroundings small, upside down and blurred"""
    height, width = image.shape[:2]
    seen, blurred = image.copy(), cv2.GaussianBlur(image, (0, 0), min(height, width) / 60)
    for _ in range(count):
        y, x = rng.uniform(0, height), rng.uniform(0, width)
        add_drop(seen, blurred, y, x, min(height, width) * rng.uniform(0.03, 0.09))
    return seen


def add_drop(seen: Image, blurred: Image, y: float, x: float, radius: float) -> None:
    """One drop around (y, x) [px], painted into `seen`."""
    top, left = max(0, int(y - radius) - 1), max(0, int(x - radius) - 1)
    patch = seen[top : int(y + radius) + 2, left : int(x + radius) + 2]
    rows, columns = np.indices(patch.shape[:2], dtype=np.float32)
    rows, columns = rows + np.float32(top - y), columns + np.float32(left - x)
    inside = np.clip((radius - np.hypot(rows, columns)) / 2 + 0.5, 0, 1)[..., None]
    drop = cv2.remap(blurred, np.float32(x) - 3 * columns, np.float32(y) - 3 * rows,
                     cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)  # fmt: skip
    patch[:] = patch * (1 - inside) + (0.9 * drop + 0.08) * inside


def sun_glare(image: Image, radius: float, rng: np.random.Generator) -> Image:
    """radius: of the sun's halo over the image width; everything below is veiled as well"""
    height, width = image.shape[:2]
    y, x = rng.uniform(0.1, 0.4) * height, rng.uniform(0.25, 0.75) * width
    rows, columns = np.indices((height, width), dtype=np.float32)
    distance = np.hypot(rows - y, columns - x) / (radius * width)
    halo = 1.8 * np.exp(-np.square(distance)) + 0.5 * radius
    return np.asarray(image + halo[..., None] * np.array([1.0, 0.97, 0.85]), np.float32)


def tearing(image: Image, bands: int, rng: np.random.Generator) -> Image:
    """bands: of rows that arrive shifted sideways, as when the sensor loses its line clock"""
    torn = image.copy()
    height, width = image.shape[:2]
    for _ in range(bands):
        top, tall = rng.integers(0, height), max(2, height // 10)
        by = int(rng.uniform(0.1, 0.5) * width)
        torn[top : top + tall] = np.roll(torn[top : top + tall], by, axis=1)
    return torn


def swapped_channels(image: Image, share: float, rng: np.random.Generator) -> Image:
    """share: how much of blue is shown as red and of red as blue; 1 swaps them"""
    return np.asarray((1 - share) * image + share * image[..., ::-1], np.float32)


def packet_loss(image: Image, share: float, rng: np.random.Generator) -> Image:
    """share: of the blocks that are missing, in runs along the rows; grey in their place"""
    height, width = image.shape[:2]
    rows, columns = -(-height // BLOCK_PX), -(-width // BLOCK_PX)
    lost, run = np.zeros(rows * columns, bool), max(2, columns // 6)
    starts = rng.permutation(rows * columns)[: max(1, round(share * rows * columns / run))]
    for start in starts:
        lost[start : start + run] = True
    mask = np.kron(lost.reshape(rows, columns), np.ones((BLOCK_PX, BLOCK_PX), bool))
    return np.where(mask[:height, :width, None], np.float32(0.5), image)


def exposure(image: Image, stops: float, rng: np.random.Generator) -> Image:
    """stops: of light too much; half of the seeds have as much too little"""
    sign = 1.0 if rng.random() < 0.5 else -1.0
    linear = np.power(np.clip(image, 0, 1), np.float32(2.2)) * np.float32(2.0 ** (sign * stops))
    return np.asarray(np.power(np.clip(linear, 0, 1), np.float32(1 / 2.2)), np.float32)
