"""What a picture is like before anybody asks what it shows: sharpness, noise, exposure, colour.

Natural scenes have steady statistics (Mittal et al. 2012, BRISQUE): after local contrast is divided
out, the values of neighbouring pixels are alike in spread and shape, whatever the street.  Noise,
blur, veils, lost blocks and torn rows change them.
H rows, W columns.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (320, 180)  # (width, height) at which a picture is judged [px]
LEVELS = 4  # of the pyramid, each half the size of the one before
TINY = 1e-3  # keeps logarithms finite; grey levels are 0..1
GRID = (6, 8)  # rows and columns of the parts that are compared
Picture = NDArray[np.uint8]
Grey = NDArray[np.float32]


def frame_statistics(image: Picture) -> NDArray[np.float32]:
    """(H, W, 3) RGB -> (S,) numbers that a healthy camera keeps in narrow bounds."""
    small = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    parts = (bands(grey), shape(grey), exposure(grey), colour(small), places(grey))
    return np.concatenate([np.asarray(part, np.float32) for part in parts])


def bands(grey: Grey) -> list[float]:
    """Contrast by octave, finest first, and how it falls off; level edges against upright ones."""
    strengths = []
    for _ in range(LEVELS):
        lower = cv2.pyrDown(grey)
        back = cv2.resize(lower, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
        strengths.append(float(np.log(np.abs(grey - back).mean() + TINY)))
        if len(strengths) == 1:
            level = float(np.abs(np.diff(grey, axis=0)).mean())
            upright = float(np.abs(np.diff(grey, axis=1)).mean())
        grey = lower
    falls = [a - b for a, b in zip(strengths, strengths[1:], strict=False)]
    return [*strengths, *falls, float(np.log((level + TINY) / (upright + TINY)))]


def shape(grey: Grey) -> list[float]:
    """Of the values with local contrast divided out: spread, peakedness, likeness of neighbours."""
    found: list[float] = []
    for _ in range(2):
        mean = cv2.GaussianBlur(grey, (7, 7), 7 / 6)
        spread = np.sqrt(np.maximum(cv2.GaussianBlur(grey * grey, (7, 7), 7 / 6) - mean**2, 0.0))
        plain = (grey - mean) / (spread + 4 / 255)
        power = float(np.square(plain).mean()) + TINY
        beside = float((plain[:, 1:] * plain[:, :-1]).mean()) / power
        below = float((plain[1:] * plain[:-1]).mean()) / power
        peaked = float(np.log(power / (float(np.abs(plain).mean()) ** 2 + TINY)))
        found += [float(np.log(power)), peaked, beside, below]
        grey = cv2.pyrDown(grey)
    return found


def exposure(grey: Grey) -> list[float]:
    """Levels of the darkest to the brightest pixels, and how many have hit either end."""
    levels = np.quantile(grey[::2, ::2], (0.01, 0.1, 0.5, 0.9, 0.99))
    black, white = float((grey < 0.02).mean()), float((grey > 0.98).mean())
    return [*levels.tolist(), float(levels[4] - levels[0]), np.sqrt(black), np.sqrt(white)]


def colour(small: Picture) -> list[float]:
    """Red and blue against green in the upper and the lower half, and how colourful all is."""
    half = cv2.resize(small, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    found = []
    for part in (half[:18], half[18:]):
        red, green, blue = part.reshape(-1, 3).mean(axis=0).tolist()
        found += [red - green, blue - green]
    found.append(float((half.max(axis=2) - half.min(axis=2)).mean()))
    return found


def places(grey: Grey) -> list[float]:
    """What single parts have lost: flat parts, equal neighbours, rows that do not follow."""
    rows, columns = GRID
    tiles = grey.reshape(rows, grey.shape[0] // rows, columns, grey.shape[1] // columns)
    spreads = np.log(tiles.std(axis=(1, 3)) + TINY)
    flat = float((np.abs(np.diff(grey, axis=1)) < 1e-4).mean())
    jumps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=0)
    torn = [outstanding(jumps), outstanding(steps)]
    return [*np.quantile(spreads, (0.0, 0.25, 0.5, 1.0)).tolist(), float(np.sqrt(flat)), *torn]


def outstanding(steps: Grey) -> float:
    """How far the third largest step stands out of the usual one, as a logarithm."""
    return float(np.log((np.sort(steps)[-3] + TINY) / (np.median(steps) + TINY)))
