"""Noise of the sensor: gaussian, shot, impulse (Hendrycks & Dietterich 2019, arXiv:1903.12261).

Every corruption here: (image, strength, rng) -> image, images (H, W, 3) float32 in [0, 1].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def gaussian_noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """sigma: of the noise, colours in [0, 1]"""
    return image + np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)


def shot_noise(image: Image, photons: float, rng: np.random.Generator) -> Image:
    """photons: that a white pixel receives; the fewer, the noisier"""
    return np.asarray(rng.poisson(image * photons) / photons, np.float32)


def impulse_noise(image: Image, share: float, rng: np.random.Generator) -> Image:
    """share: of the values that become black or white, half of them each"""
    draw = rng.random(image.shape, dtype=np.float32)
    noisy = np.where(draw < share / 2, np.float32(0.0), image)
    return np.where(draw > 1 - share / 2, np.float32(1.0), noisy)
