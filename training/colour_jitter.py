"""Brightness, contrast and saturation changed at random, in random order, as torchvision does.

Images are (H, W, 3) uint8 RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.training.picture import Image


def jitter(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """Every one of the three by a factor from [1 - strength, 1 + strength]."""
    changes = (brighten, contrast, saturate)
    factors = rng.uniform(1 - strength, 1 + strength, size=len(changes))
    for index in rng.permutation(len(changes)):
        image = changes[index](image, float(factors[index]))
    return image


def brighten(image: Image, factor: float) -> Image:
    return blend(image, np.uint8(0), factor)


def contrast(image: Image, factor: float) -> Image:
    """Away from the mean grey of the image, or towards it."""
    return blend(image, grey(image).mean(), factor)


def saturate(image: Image, factor: float) -> Image:
    """Away from the grey of each pixel, or towards it."""
    return blend(image, grey(image)[..., None], factor)


def blend(image: Image, other: NDArray[np.uint8] | np.floating | np.uint8, factor: float) -> Image:
    mixed = factor * image.astype(np.float32) + (1 - factor) * np.asarray(other, np.float32)
    return mixed.clip(0, 255).astype(np.uint8)


def grey(image: Image) -> NDArray[np.uint8]:
    """(H, W)"""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
