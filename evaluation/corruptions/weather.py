"""Weather: snow, frost, fog, brightness (Hendrycks & Dietterich 2019), all painted by code.

The paper's frost is six photographs; ours are crystals grown from noise.
"""

from __future__ import annotations

import cv2
import numpy as np

from road_clarity.evaluation.corruptions.blur import scale, smeared
from road_clarity.evaluation.corruptions.noise import Image


def clouds(shape: tuple[int, ...], decay: float, rng: np.random.Generator) -> Image:
    """Fractal noise (H, W) in [0, 1]: octaves of which each is 1/decay as strong as the one before.

    shape: (H, W, ...)
    """
    height, width = shape[:2]
    total, weight, cells = np.zeros((height, width), np.float32), 1.0, 2
    while cells < max(height, width):
        grid = rng.random((cells, cells), dtype=np.float32)
        total += np.float32(weight) * cv2.resize(
            grid, (width, height), interpolation=cv2.INTER_CUBIC
        )
        weight, cells = weight / decay, cells * 2
    total -= total.min()
    return np.asarray(total / total.max(), np.float32)


def fog(image: Image, strength: tuple[float, float], rng: np.random.Generator) -> Image:
    """strength: how dense, and how quickly its octaves fade."""
    density, decay = strength
    top = float(image.max())
    veil = np.float32(density) * clouds(image.shape, decay, rng)[..., None]
    return np.asarray((image + veil) * top / (top + density), np.float32)


def frost(image: Image, strength: tuple[float, float], rng: np.random.Generator) -> Image:
    """strength: what is left of the image, and how much ice is added."""
    kept, ice = strength
    return np.asarray(kept * image + ice * crystals(image, rng), np.float32)


def crystals(image: Image, rng: np.random.Generator) -> Image:
    """Needles of ice in clusters, bluish white: (H, W, 3)"""
    height, width = image.shape[:2]
    sparks = (rng.random((height, width), dtype=np.float32) > 0.985).astype(np.float32)
    needles = np.zeros((height, width), np.float32)
    for degrees in rng.uniform(0, 180, 5):
        needles = np.maximum(needles, smeared(sparks, 24 * scale(image), degrees))
    needles = np.clip(needles / max(float(np.quantile(needles, 0.98)), 1e-6), 0, 1)
    cover = clouds(image.shape, 1.6, rng)
    ice = np.clip(0.35 * cover + needles * cover * 1.2, 0, 1)
    return np.asarray(ice[..., None] * np.array([0.88, 0.95, 1.0], np.float32), np.float32)


def snow(
    image: Image, strength: tuple[float, float, float, float], rng: np.random.Generator
) -> Image:
    """strength: share of flakes, their size [px], length of their fall, how white the rest gets."""
    share, size, fall, kept = strength
    height, width = image.shape[:2]
    coarse = max(1.0, size * scale(image) / 2)
    grid = (max(1, round(height / coarse)), max(1, round(width / coarse)))
    flakes = (rng.random(grid, dtype=np.float32) < share).astype(np.float32)
    flakes = cv2.resize(flakes, (width, height), interpolation=cv2.INTER_LINEAR)
    flakes = smeared(flakes, fall * scale(image), rng.uniform(45, 135))
    grey = image.mean(axis=2, keepdims=True)
    white = kept * image + (1 - kept) * np.maximum(image, grey * 1.5 + 0.5)
    layer = flakes / max(float(flakes.max()), 1e-6)
    return np.asarray(white + layer[..., None] + layer[::-1, ::-1, None] * 0.5, np.float32)


def brightness(image: Image, step: float, rng: np.random.Generator) -> Image:
    """step: added to the V of HSV"""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 2] = np.clip(hsv[..., 2] + step, 0, 1)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.float32)
