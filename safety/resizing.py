"""Pictures at another size, as every network of the pipeline is shown them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image at another (width, height), without aliasing when it shrinks.

    Enlarged by areas, as shrunk, it would be of blocks.
    """
    grows = size[0] > image.shape[1] or size[1] > image.shape[0]
    how = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
