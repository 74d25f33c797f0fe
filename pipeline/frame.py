"""One image of the camera, as it enters the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole camera (REP-104's K), for the image size it belongs to [px]."""

    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True, eq=False)
class Frame:
    index: int  # running number within the source, from 0
    stamp_ns: int  # time of exposure [ns]
    image: NDArray[np.uint8]  # (H, W, 3) RGB, C-contiguous
    frame_id: str = "camera"
    intrinsics: Intrinsics | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) [px]"""
        return self.image.shape[1], self.image.shape[0]


def resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image at another (width, height), without aliasing when it shrinks.

    Enlarged by areas, as shrunk, it would be of blocks.
    """
    grows = size[0] > image.shape[1] or size[1] > image.shape[0]
    how = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
