"""Colours of template and search region, changed as LoRAT was trained (its run.yaml).

Each on its own in brightness, contrast and saturation; then both alike by one of DeiT III's three
augmentations (Touvron et al. 2022, arXiv:2204.07118): grey, solarised or blurred.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from road_clarity.training.colour_jitter import grey, jitter
from road_clarity.training.picture import Image

Recolour = Callable[[list[Image], np.random.Generator], list[Image]]

JITTER = 0.4
SOLAR = 128  # from which a value is inverted
BLUR_PX = (0.1, 2.0)  # standard deviation


def recolour(images: list[Image], rng: np.random.Generator) -> list[Image]:
    """The published way."""
    images = [jitter(image, JITTER, rng) for image in images]
    return (grey_all, solarise_all, blur_all)[rng.integers(3)](images, rng)


def grey_all(images: list[Image], _: np.random.Generator) -> list[Image]:
    return [np.repeat(grey(image)[..., None], 3, axis=2) for image in images]


def solarise_all(images: list[Image], _: np.random.Generator) -> list[Image]:
    return [np.where(image < SOLAR, image, 255 - image).astype(np.uint8) for image in images]


def blur_all(images: list[Image], rng: np.random.Generator) -> list[Image]:
    width = rng.uniform(*BLUR_PX)
    return [np.asarray(cv2.GaussianBlur(image, (0, 0), width), np.uint8) for image in images]
