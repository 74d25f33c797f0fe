"""One image of the camera, as it enters the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.resizing import resized as resized  # where stages look for it


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
