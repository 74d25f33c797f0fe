"""A clip as the world model sees it: small square pictures, one every 0.1 s, and their truth.

T frames, S side of the pictures [px].
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.latent_lstm import STEP_S
from road_clarity.safety.horizon import HORIZONS_S, PRIMED
from road_clarity.safety.scene import Box

FEWEST = PRIMED + 1 + round(max(HORIZONS_S) / STEP_S)  # frames that leave room for one dream


@dataclass(frozen=True, eq=False)
class WorldClip:
    name: str
    group: str  # clips of one group are alike: the seed, or the recording
    frames: NDArray[np.uint8]  # (T, S, S, 3) RGB
    size: tuple[int, int]  # (width, height) of the source images, to which boxes refer [px]
    boxes: tuple[tuple[Box, ...], ...]  # of the road users in each frame, where they are known
    matters: NDArray[np.float32] | None  # (T, S, S) share of each pixel that is covered by the
    # road user that matters, 0 everywhere: there is none; None: not known

    @property
    def x(self) -> Tensor:
        """(T, 3, S, S) in [0, 1]"""
        return torch.from_numpy(self.frames).permute(0, 3, 1, 2).float() / 255


def squeezed(image: NDArray[np.generic], side: int) -> NDArray[np.generic]:
    """(H, W) or (H, W, 3), to (side, side) by averaging areas, as the networks learnt"""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))
