"""A pinhole camera: where a point of the world lies in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAREST_M = 0.4


@dataclass(frozen=True)
class Camera:
    """Position [m] and direction [rad]; pitch up is positive.  Pixel (0, 0) spans 0..1."""

    size: tuple[int, int]  # (width, height) [px]
    position: tuple[float, float, float]
    yaw: float
    pitch: float = 0.0
    fov_deg: float = 60.0  # horizontal

    @property
    def focal_px(self) -> float:
        return self.size[0] / 2 / math.tan(math.radians(self.fov_deg) / 2)

    def project(
        self, points: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """World points (N, 3) -> pixels (N, 2), depths (N,) [m].

        What is nearer than NEAREST_M or behind gets the pixels of NEAREST_M; see its depth."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        x, y, z = (np.asarray(points, np.float64) - self.position).T
        ahead, right = cos * x + sin * y, sin * x - cos * y
        depth = math.cos(self.pitch) * ahead + math.sin(self.pitch) * z
        up = math.cos(self.pitch) * z - math.sin(self.pitch) * ahead
        scale = self.focal_px / np.maximum(depth, NEAREST_M)
        width, height = self.size
        return np.stack([width / 2 + right * scale, height / 2 - up * scale], axis=1), depth
