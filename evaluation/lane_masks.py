"""Lanes as broad lines in a picture, and how much two of them overlap.

The same pixels as drawing stroke after stroke into a picture for each pair (CULane's
lane_compare.cpp), without most of the work: a lane is drawn once, repeated pixels are joined once,
and only the box around it is kept and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.lane_spline import Points

NOWHERE = -(2**31)  # what OpenCV makes of nan


@dataclass(frozen=True, eq=False)
class LaneMask:
    """Where a lane is in the picture."""

    left: int
    top: int
    pixels: NDArray[np.uint8]  # (h, w) 0 or 1, from (left, top)
    area: int  # pixels that are 1


class Canvas:
    """A picture of width x height that lanes are drawn into, one after another."""

    def __init__(self, width: int, height: int, lane_width: int) -> None:
        self._picture = np.zeros((height, width), np.uint8)
        self._lane_width = lane_width

    def draw(self, points: Points) -> LaneMask:
        """The line through the points, at least two of them."""
        corners = whole_pixels(points)
        cv2.polylines(self._picture, [corners], False, 1, self._lane_width)
        left, top, right, bottom = self._reach(corners)
        box = self._picture[top:bottom, left:right]
        pixels = box.copy()
        box[:] = 0
        return LaneMask(left, top, pixels, cv2.countNonZero(pixels) if pixels.size else 0)

    def _reach(self, corners: NDArray[np.int32]) -> list[int]:
        """Box that holds all of the line that is in the picture: left, top, right, bottom."""
        wide, size = corners.astype(np.int64), self._picture.shape[::-1]
        ends = (wide.min(axis=0) - self._lane_width, wide.max(axis=0) + self._lane_width + 1)
        return [int(edge) for end in ends for edge in end.clip(0, size)]


def whole_pixels(points: Points) -> NDArray[np.int32]:
    """As OpenCV rounds points: halves to the even number.  Repeated ones are left out."""
    whole = np.rint(points)
    corners = np.where(np.isnan(whole), NOWHERE, whole).astype(np.int32)
    moves = (corners[1:] != corners[:-1]).any(axis=1)
    kept: NDArray[np.int32] = corners[np.concatenate([[True], moves])]
    return kept


def overlap(one: LaneMask, other: LaneMask) -> float:
    """Intersection over union; nan when neither is in the picture."""
    left, right = max(one.left, other.left), min(edge(one)[0], edge(other)[0])
    top, bottom = max(one.top, other.top), min(edge(one)[1], edge(other)[1])
    shared = 0
    if left < right and top < bottom:
        parts = [
            mask.pixels[top - mask.top : bottom - mask.top, left - mask.left : right - mask.left]
            for mask in (one, other)
        ]
        shared = cv2.countNonZero(cv2.bitwise_and(*parts))
    joint = one.area + other.area - shared
    return shared / joint if joint else nan


def edge(mask: LaneMask) -> tuple[int, int]:
    """Just right of and below the box."""
    height, width = mask.pixels.shape
    return mask.left + width, mask.top + height
