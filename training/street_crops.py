"""Random views of a labelled image, as a camera of another lens, height and light might see it.

A view is an affine map from its pixels to the unit square, and on to the pixels of the image
and of the label, whatever their resolutions.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.training.labelled import VOID, Labelled

ZOOM = (0.7, 2.0)  # against the network's input, which shows the whole image
STRETCH = 1.2  # largest change of the aspect ratio
BRIGHTNESS, CONTRAST, COLOUR = 0.25, 0.35, 0.15  # largest changes
GREY_SHARE = 0.05  # of views without colour
BLUR_SHARE = 0.15

View = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # image (H, W, 3), label (H, W)


def random_view(
    pair: Labelled, size: tuple[int, int], whole: tuple[int, int], rng: np.random.Generator
) -> View:
    """size: width, height of the view; whole: of the network's input, which shows all [px]."""
    placed = place(size, whole, rng)
    image = warp(pair.image, placed, size, cv2.INTER_LINEAR, cv2.BORDER_REFLECT_101, 0)
    label = warp(pair.label, placed, size, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT, VOID)
    return relight(image, rng), label


def place(
    size: tuple[int, int],
    whole: tuple[int, int],
    rng: np.random.Generator,
    zooms: tuple[float, float] = ZOOM,
) -> NDArray[np.float64]:
    """(2, 3) affine map from view pixels to the unit square of the image: zoom, shift, mirror."""
    zoom = np.exp(rng.uniform(*np.log(zooms)))
    stretch = STRETCH ** rng.uniform(-0.5, 0.5)
    fitted = np.array([1 / (zoom * stretch), stretch / zoom])
    extent = fitted * size / whole  # share of the image in the view
    start = rng.uniform(np.minimum(0, 1 - extent), np.maximum(0, 1 - extent))
    if rng.random() < 0.5:
        start[0], extent[0] = start[0] + extent[0], -extent[0]
    scale = extent / size
    return np.array([[scale[0], 0, start[0]], [0, scale[1], start[1]]])


def warp(
    source: NDArray[np.uint8],
    placed: NDArray[np.float64],
    size: tuple[int, int],
    interpolation: int,
    border: int,
    fill: int | tuple[int, ...],
) -> NDArray[np.uint8]:
    """The view of `source`.  A pixel's centre lies half a pixel from its corner."""
    resolution = np.array([[source.shape[1]], [source.shape[0]]])
    to_source = placed * resolution
    to_source[:, 2] += to_source[:, :2].sum(axis=1) / 2 - 0.5
    flags = interpolation | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(source, to_source, size, flags=flags, borderMode=border, borderValue=fill)
    return np.asarray(out, np.uint8)


def relight(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another exposure, contrast and white balance; sometimes no colour, sometimes blurred."""
    gain = 1 + rng.uniform(-CONTRAST, CONTRAST)
    colour = 1 + rng.uniform(-COLOUR, COLOUR, 3)
    offset = 255 * rng.uniform(-BRIGHTNESS, BRIGHTNESS) + 128 * (1 - gain)
    levels = np.arange(256)[:, None] * gain * colour + offset
    table = levels.clip(0, 255).astype(np.uint8)[None]  # (1, 256, 3)
    out = cv2.LUT(image, table)
    if rng.random() < GREY_SHARE:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < BLUR_SHARE:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.5))
    return np.asarray(out, np.uint8)
