"""Blur of the lens and of motion: defocus, glass, motion, zoom (Hendrycks & Dietterich 2019).

Lengths are those of the paper's 224-pixel images; `scale` is the shorter side over 224.
"""

from __future__ import annotations

import cv2
import numpy as np

from road_clarity.evaluation.corruptions.noise import Image

PAPER_SIDE = 224  # of the images that the published strengths were chosen for [px]


def scale(image: Image) -> float:
    return float(min(image.shape[:2])) / PAPER_SIDE


def defocus_blur(image: Image, radius: float, rng: np.random.Generator) -> Image:
    """A disc of that radius, with soft edges."""
    kernel = disc(max(radius * scale(image), 0.6))
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32)


def disc(radius: float) -> Image:
    half = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0.0, 1.0)
    return np.asarray(kernel / kernel.sum(), np.float32)


def glass_blur(image: Image, strength: tuple[float, float, int], rng: np.random.Generator) -> Image:
    """strength: sigma of the blur, how far pixels are swapped, how often.

    Every pixel takes the place of a near one, all at once; the paper swaps them one after another.
    """
    sigma, reach, times = strength
    seen = cv2.GaussianBlur(image, (0, 0), sigma * scale(image))
    rows, columns = np.indices(image.shape[:2], dtype=np.float32)
    for _ in range(times):
        dy, dx = rng.uniform(-1, 1, (2, *rows.shape)).astype(np.float32) * reach * scale(image)
        seen = cv2.remap(seen, columns + dx, rows + dy, cv2.INTER_NEAREST,
                         borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), sigma * scale(image)), np.float32)


def motion_blur(image: Image, length: float, rng: np.random.Generator) -> Image:
    """A straight smear of that length in a direction within 45 degrees of level."""
    return smeared(image, length * scale(image), rng.uniform(-45, 45))


def smeared(image: Image, length: float, degrees: float) -> Image:
    half = max(1, round(length / 2))
    side = 2 * half + 1
    line = np.zeros((side, side), np.float32)
    line[half] = 1.0
    turn = cv2.getRotationMatrix2D((half, half), degrees, 1.0)
    kernel = cv2.warpAffine(line, turn, (side, side), flags=cv2.INTER_LINEAR)
    kernel /= kernel.sum()
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32)


def zoom_blur(image: Image, strength: tuple[float, float], rng: np.random.Generator) -> Image:
    """strength: largest enlargement and its step; all enlargements are averaged."""
    largest, step = strength
    height, width = image.shape[:2]
    factors = np.arange(1.0, largest, step)
    total = np.zeros_like(image)
    for factor in factors:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 0.0, float(factor))
        total += cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(total / len(factors), np.float32)
