"""Outliers to learn from: calm frames spoilt at random, and calm frames as other cameras show them.

Outlier exposure (Hendrycks et al. 2019, arXiv:1812.04606): a scorer that has seen some strange
frames knows others better.  These are made by code of their own, with strengths drawn from a range;
the suite that measures (evaluation.corruptions) is never learnt from.
Images (H, W, 3) uint8 RGB.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Float = NDArray[np.float32]
Rng = np.random.Generator


def bytes_of(x: NDArray[np.floating]) -> Image:
    return np.asarray(np.round(np.clip(x, 0, 255)), np.uint8)


def noisy(image: Image, rng: Rng) -> Image:
    """Grain of the sensor, more in the dark or the light, of one or of all colours."""
    sigma = rng.uniform(18, 70)
    one_colour = rng.random() < 0.3
    shape = (*image.shape[:2], 1 if one_colour else 3)
    grain = rng.standard_normal(shape, dtype=np.float32) * np.float32(sigma)
    if rng.random() < 0.4:
        grain = grain * np.sqrt(image.astype(np.float32) / 128 + 0.05)
    return bytes_of(image + grain)


def speckled(image: Image, rng: Rng) -> Image:
    """Dead and hot pixels."""
    bad = rng.random(image.shape[:2] if rng.random() < 0.3 else image.shape) < rng.uniform(
        0.03, 0.3
    )
    level = np.where(rng.random(image.shape[:2]) < 0.5, 0, 255).astype(np.uint8)
    if bad.ndim == 2:
        bad = bad[..., None]
    return np.where(bad, level[..., None], image).astype(np.uint8)


def unsharp(image: Image, rng: Rng) -> Image:
    """Out of focus."""
    sigma = min(image.shape[:2]) * rng.uniform(0.006, 0.025)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def shaken(image: Image, rng: Rng) -> Image:
    """Mean of copies that move apart: along a line, from the middle, or here and there."""
    height, width = image.shape[:2]
    reach = min(height, width) * rng.uniform(0.03, 0.12)
    kind, angle, total = rng.integers(3), rng.uniform(0, np.pi), np.zeros(image.shape, np.float32)
    for step in np.linspace(-0.5, 0.5, 13):
        zoom = 1.0 + (step + 0.5) * reach / height * 3 if kind == 1 else 1.0
        move = cv2.getRotationMatrix2D((width / 2, height / 2), 0.0, zoom)
        if kind == 0:
            move[:, 2] += step * reach * np.array([np.cos(angle), np.sin(angle)])
        if kind == 2:
            move[:, 2] += rng.normal(0, reach / 6, 2)
        total += cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    return bytes_of(total / 13)


def coarse(image: Image, rng: Rng) -> Image:
    """Too few pixels, or a file that kept too little of them."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        quality = int(rng.integers(4, 18))
        _, file = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)
    share = rng.uniform(0.15, 0.35)
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    how = cv2.INTER_NEAREST if rng.random() < 0.7 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(small, (width, height), interpolation=how), np.uint8)


def patches(shape: tuple[int, ...], rng: Rng) -> Float:
    """Smooth random cover of the image, 0..1: (H, W, 1)"""
    cover = np.zeros(shape[:2], np.float32)
    for cells in (2, 4, 8, 16, 32):
        grid = rng.random((cells, cells), dtype=np.float32)
        cover += cv2.resize(grid, shape[1::-1], interpolation=cv2.INTER_CUBIC) / cells**0.7
    low, high = float(cover.min()), float(cover.max())
    return np.asarray((cover - low) / (high - low), np.float32)[..., None]


def veiled(image: Image, rng: Rng) -> Image:
    """Mist: a grey that takes the contrast, evenly or in swathes."""
    grey = rng.uniform(90, 255)
    dense = rng.uniform(0.5, 0.95)
    cover = patches(image.shape, rng) * 0.6 + 0.4 if rng.random() < 0.5 else np.float32(1.0)
    return bytes_of(image * (1 - dense * cover) + grey * dense * cover)


def lit(image: Image, rng: Rng) -> Image:
    """Far too much or too little light."""
    if rng.random() < 0.4:
        return bytes_of(image.astype(np.float32) + rng.uniform(55, 140))
    gain = rng.uniform(2.2, 5.0) if rng.random() < 0.5 else rng.uniform(0.08, 0.4)
    return bytes_of(image.astype(np.float32) * np.float32(gain))


def dazzled(image: Image, rng: Rng) -> Image:
    """A light that shines into the lens."""
    height, width = image.shape[:2]
    y, x = np.indices((height, width), dtype=np.float32)
    far = np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height * 0.7))
    glow = 255 * rng.uniform(1.2, 3) / (1 + np.square(far / (width * rng.uniform(0.12, 0.4))))
    return bytes_of(image + glow[..., None])


def miscoloured(image: Image, rng: Rng) -> Image:
    """Colours that changed places, or one that is gone."""
    order = rng.permutation(3)
    while (order == np.arange(3)).all():
        order = rng.permutation(3)
    mixed = image[..., order]
    if rng.random() < 0.3:
        mixed = image.copy()
        mixed[..., rng.integers(3)] = rng.integers(0, 255)
    return np.ascontiguousarray(mixed)


def soiled(image: Image, rng: Rng) -> Image:
    """Something on the glass: opaque, or a blurred, shifted view of what is behind."""
    edge = np.quantile(patch := patches(image.shape, rng), rng.uniform(0.4, 0.85))
    mask = np.clip((patch - edge) * rng.uniform(5, 60) + 0.5, 0, 1)
    behind = cv2.GaussianBlur(image, (0, 0), min(image.shape[:2]) / 25).astype(np.float32)
    if rng.random() < 0.6:
        behind = behind * 0.3 + 0.7 * rng.uniform(0, 160) * rng.uniform(0.7, 1.0, 3)
    return bytes_of(image * (1 - mask) + behind * mask)


def spattered(image: Image, rng: Rng) -> Image:
    """Many small spots or streaks, light, dark or glassy."""
    height, width = image.shape[:2]
    seen = image.copy()
    mask, angle = np.zeros((height, width), np.uint8), rng.uniform(0, np.pi)
    side = min(height, width)
    for _ in range(int(rng.integers(15, 120))):
        at = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        if angle > 1.5:
            cv2.circle(mask, at, int(side * rng.uniform(0.01, 0.07)), 255, -1)
        else:
            reach = side * rng.uniform(0.03, 0.12)
            end = (int(at[0] + reach * np.cos(angle + 1)), int(at[1] + reach * np.sin(angle + 1)))
            cv2.line(mask, at, end, 255, int(rng.integers(1, 4)))
    how = rng.integers(3)
    over = (cv2.flip(cv2.GaussianBlur(image, (0, 0), side / 50), -1) if how == 0
            else np.full_like(image, 235 if how == 1 else 40))  # fmt: skip
    soft = (cv2.GaussianBlur(mask, (0, 0), 1.0) / 255)[..., None] * rng.uniform(0.6, 1.0)
    seen = bytes_of(seen * (1 - soft) + over * soft)
    return veiled_lightly(seen, rng) if how == 1 else seen


def veiled_lightly(image: Image, rng: Rng) -> Image:
    dense = rng.uniform(0.0, 0.5)
    return bytes_of(image * (1 - dense) + 230 * dense)


def lost(image: Image, rng: Rng) -> Image:
    """Pieces that never arrived: one colour, noise, or what stood elsewhere."""
    height, width = image.shape[:2]
    seen, tall = image.copy(), int(rng.choice((8, 16, 24, 32)))
    for _ in range(int(rng.integers(6, 40))):
        top, left = int(rng.integers(0, height)), int(rng.integers(0, width))
        wide = int(rng.integers(tall, width // 2))
        part = seen[top : top + tall, left : left + wide]
        if rng.random() < 0.7:
            part[:] = rng.choice((0, 90, 128, 160))
        else:
            part[:] = rng.integers(0, 256, part.shape)
    return seen


def displaced(image: Image, rng: Rng) -> Image:
    """Rows that slipped, or a picture that waves."""
    height, width = image.shape[:2]
    y, x = np.indices((height, width), dtype=np.float32)
    if rng.random() < 0.5:
        shifts, row = np.zeros(height, np.float32), 0
        while row < height:
            tall = int(rng.integers(6, max(8, height // 4)))
            if rng.random() < 0.5:
                shifts[row : row + tall] = rng.uniform(-0.4, 0.4) * width
            row += tall
        return np.asarray(
            cv2.remap(image, (x + shifts[:, None]) % (width - 1), y, cv2.INTER_LINEAR)
        )
    smooth = min(height, width) * rng.uniform(0.015, 0.05)
    moves = []
    for _ in range(2):
        move = cv2.GaussianBlur(
            rng.standard_normal((height, width), dtype=np.float32), (0, 0), smooth
        )
        moves.append(move / np.abs(move).max() * min(height, width) * rng.uniform(0.025, 0.07))
    return np.asarray(cv2.remap(image, x + moves[0], y + moves[1], cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_REFLECT))  # fmt: skip


DEGRADED: dict[str, Callable[[Image, Rng], Image]] = {
    one.__name__: one
    for one in (noisy, speckled, unsharp, shaken, coarse, veiled, lit, dazzled, miscoloured, soiled,
                spattered, lost, displaced)
}  # fmt: skip


def degraded(image: Image, kind: str, rng: Rng) -> Image:
    return DEGRADED[kind](image, rng)


def another_camera(image: Image, rng: Rng) -> Image:
    """The same calm scene by another camera: crop, size, light, colour, grain, compression."""
    height, width = image.shape[:2]
    tall, wide = int(height * rng.uniform(0.8, 1.0)), int(width * rng.uniform(0.8, 1.0))
    top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
    seen = image[top : top + tall, left : left + wide]
    if rng.random() < 0.5:
        seen = seen[:, ::-1]
    size = int(rng.uniform(320, 640))
    seen = cv2.resize(seen, (size, round(size * 9 / 16)), interpolation=cv2.INTER_AREA)
    light = np.power(seen.astype(np.float32) / 255, np.float32(np.exp(rng.uniform(-0.35, 0.35))))
    light = (light - 0.5) * np.float32(rng.uniform(0.75, 1.15)) + 0.5 + rng.uniform(-0.05, 0.05)
    light = light * rng.uniform(0.92, 1.08, 3)
    light = light + rng.standard_normal(light.shape) * rng.uniform(0, 0.015)
    if rng.random() < 0.3:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.3, 0.8))
    quality = int(rng.integers(50, 98))
    _, file = cv2.imencode(".jpg", bytes_of(light * 255), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)
