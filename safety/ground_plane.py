"""The ground plane: where on a flat road an object stands, by its foot line and by its size.

The camera is `camera_height_m` above the road and looks along it.  A foot point r rows below the
horizon is f h / r away (f focal length [px], h height of the camera), whatever stands there; a
person of known height is f 1.7 / height away, wherever the horizon is.  Both logarithms are
averaged, each as far as it can be trusted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import straight_line
from road_clarity.safety.scene import Box, Lane, Lanes, Track

SIZE_M = {"person": 1.7, "vehicle": 1.85}  # height of people, width of vehicles
HEIGHTS_M = {"person": (0.9, 2.3), "vehicle": (1.0, 4.2)}  # of what stands on the ground
LEAST_WIDTH_M = {"person": 0.15, "vehicle": 1.2}
SIZE_SPREAD = {"person": 0.12, "vehicle": 0.15}  # of these, relative
REAR_VIEW = (0.75, 1.45)  # width / height of a vehicle that is seen from behind or from the front
ROW_ERROR = 0.008  # of horizon and foot line together [image heights]
EDGE_ERROR = 0.03  # of the edges of a box [sides of the box]
BORDER = 0.02  # a box so near to the border of the image may be cut off by it [image widths]
FACE_ERROR_M = 0.25  # of the middle of the nearest face, where the box shows a flank, too


@dataclass(frozen=True)
class Place:
    """Metres from the camera, ahead and to the right of the car's path, with standard errors."""

    ahead: float
    aside: float
    ahead_error: float
    aside_error: float


@dataclass(frozen=True)
class Ground:
    """What turns rows into metres at one moment."""

    horizon: float  # row [px]
    focal_px: float
    camera_height_m: float
    size: tuple[int, int]  # (width, height) of the image
    path: tuple[tuple[float, ...], tuple[float, ...]]  # rows, and the column of the path in each

    def place(self, track: Track) -> Place | None:
        """Where it stands; None where its foot or its sides are out of the picture."""
        x0, top, x1, foot = track.box
        below = foot - self.horizon
        if below <= 1.0 or self.is_cut(track.box) or not self.is_plausible(track, below):
            return None
        ahead, error = self._ahead(track, below)
        face_px = below * SIZE_M["vehicle"] / self.camera_height_m
        column = near_face(track, face_px, self.size[0])
        flank = track.label == "vehicle" and x1 - x0 > face_px
        metre_px = self.focal_px / ahead
        aside = (column - self.path_at(foot)) / metre_px
        edges = EDGE_ERROR * (x1 - x0) / metre_px
        unsure = math.hypot(edges, 0.5 * error * aside, FACE_ERROR_M if flank else 0.0)
        return Place(ahead, aside, error * ahead, unsure)

    def is_cut(self, box: Box) -> bool:
        """Whether the border of the image cuts off what tells its distance."""
        width, height = self.size
        border = BORDER * width
        return box[0] <= border or box[2] >= width - border or box[3] >= height - border

    def is_plausible(self, track: Track, below: float) -> bool:
        """Whether what stands there has the size of its kind."""
        x0, top, x1, foot = track.box
        metre_px = below / self.camera_height_m
        low, high = HEIGHTS_M[track.label]
        wide = (x1 - x0) >= LEAST_WIDTH_M[track.label] * metre_px
        slack = ROW_ERROR * self.size[1] / below
        return low * (1 - slack) <= (foot - top) / metre_px <= high * (1 + slack) and wide

    def leads_to(self, box: Box) -> bool:
        """Whether the path runs into the box."""
        return box[0] < self.path_at(box[3]) < box[2]

    def _ahead(self, track: Track, below: float) -> tuple[float, float]:
        """Distance [m] and its relative error."""
        x0, top, x1, foot = track.box
        by_foot = math.log(self.focal_px * self.camera_height_m / below)
        foot_weight = (ROW_ERROR * self.size[1] / below) ** -2
        length = foot - top if track.label == "person" else x1 - x0
        by_size = math.log(self.focal_px * SIZE_M[track.label] / max(length, 1.0))
        telling = track.label == "person" or (
            REAR_VIEW[0] < (x1 - x0) / max(foot - top, 1.0) < REAR_VIEW[1]
        )
        size_weight = SIZE_SPREAD[track.label] ** -2 if telling else 0.0
        weight = foot_weight + size_weight
        mean = (foot_weight * by_foot + size_weight * by_size) / weight
        return math.exp(mean), math.hypot(EDGE_ERROR, 0.5 / math.sqrt(weight))

    def path_at(self, row: float) -> float:
        """The column of the path that the car follows [px]."""
        return float(np.interp(row, *self.path))


def near_face(track: Track, face_px: float, width: int) -> float:
    """The column of the middle of what is nearest to us.

    A box shows the flank of a vehicle beside our path, too, which recedes towards the middle of the
    image: the face that is nearest is at its outer side.
    """
    x0, _, x1, _ = track.box
    middle = (x0 + x1) / 2
    if track.label == "person" or x1 - x0 <= face_px:
        return middle
    sides = (x0 + face_px / 2, x1 - face_px / 2)
    return max(sides, key=lambda x: abs(x - width / 2))


def ground(
    lanes: Lanes | None, horizon: float, size: tuple[int, int], config: SafetyConfig
) -> Ground:
    """From the row of the horizon and, as far as both are seen, the lines of the ego lane."""
    focal = config.focal_widths * size[0]
    path = car_path(lanes, horizon, size)
    return Ground(horizon, focal, config.camera_height_m, size, path)


def car_path(
    lanes: Lanes | None, horizon: float, size: tuple[int, int]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Rows and columns: the car keeps its place in the lane as far as both lines are seen."""
    width, height = size
    ego = {lane.id: lane for lane in lanes.lanes if lane.id in (2, 3)} if lanes else {}
    if len(ego) < 2:
        return (0.0, float(height)), (width / 2, width / 2)
    top = max(min(y for _, y in lane.points) for lane in ego.values())
    rows = np.linspace(max(top, horizon + 1.0), height, 24)
    middle = (column_at(ego[2], rows) + column_at(ego[3], rows)) / 2
    offset = (width / 2 - middle[-1]) / max(height - horizon, 1.0)
    path = middle + offset * (rows - horizon)
    return tuple(rows.tolist()), tuple(path.tolist())


def column_at(lane: Lane, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns of a line in these rows, prolonged as it ends."""
    points = np.array(sorted(lane.points, key=lambda point: point[1]))
    x, y = points.T
    x0, slope = straight_line(lane)
    return np.where(rows > y[-1], x0 + slope * rows, np.interp(rows, y, x))
