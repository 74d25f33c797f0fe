"""Views to learn Cityscapes from: scaled, cropped, mirrored, in another light.

As HRNet was trained (Wang et al. 2019, arXiv:1908.07919, section 4.2), and with jittered colours.
The same image and generator give the same view.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.ffnet import IMAGENET_MEAN
from road_clarity.training.colour_jitter import jitter
from road_clarity.training.labelled import VOID, Labelled
from road_clarity.training.street_crops import View, warp

SCALES = (0.5, 2.0)  # of the image against the network's input
JITTER = 0.4  # of brightness, contrast and saturation
OUTSIDE = tuple(round(255 * mean) for mean in IMAGENET_MEAN)  # colour of what lies outside


def cropped_view(
    pair: Labelled, size: tuple[int, int], whole: tuple[int, int], rng: np.random.Generator
) -> View:
    """size: width, height of the view; whole: of the network's input, which shows all [px]."""
    placed = place(size, whole, rng)
    image = warp(pair.image, placed, size, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT, OUTSIDE)
    label = warp(pair.label, placed, size, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT, VOID)
    return jitter(image, JITTER, rng), label


def place(
    size: tuple[int, int], whole: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(2, 3) affine map from view pixels to the unit square of the image.

    A scaled image that is smaller than the view lies at its top left; the rest is outside.
    """
    scaled = np.round(np.multiply(whole, rng.uniform(*SCALES)))  # width, height
    start = rng.integers(0, np.maximum(scaled - size, 0) + 1) / scaled
    step = 1 / scaled
    if rng.random() < 0.5:
        start[0], step[0] = start[0] + size[0] * step[0], -step[0]
    return np.array([[step[0], 0, start[0]], [0, step[1], start[1]]])
