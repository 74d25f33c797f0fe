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
from road_clarity.safety.hiding import Hidden
from road_clarity.safety.scene import Box, Lane, Lanes, Track

SIZE_M = {"person": 1.68, "vehicle": 1.62}  # usual height
WIDTH_M = 1.85  # of vehicles
HEIGHTS_M = {"person": (0.9, 2.3), "vehicle": (1.0, 4.2)}  # of what stands on the ground
LEAST_WIDTH_M = {"person": 0.15, "vehicle": 1.2}
SIZE_SPREAD = {"person": 0.12, "vehicle": 0.3}  # of these, relative
REAR_VIEW = (0.75, 1.45)  # width / height of a vehicle that is seen from behind or from the front
ROW_ERROR = 0.008  # of horizon and foot line together [image heights]
EDGE_PX = 1.8  # of an edge of a box, for 360 rows [px]
EDGE_ERROR = 0.03  # of the edges of a box [sides of the box]
BORDER = 0.02  # a box so near to the border of the image may be cut off by it [image widths]
FACE_ERROR_M = 0.25  # of the middle of the nearest face, where the box shows a flank, too
LENGTH_M = 4.4  # of vehicles
BIG_M, BIG = 2.6, (2.5, 9.0)  # height from which it is a lorry or a bus; width and length of these
USUAL_SHAPE = 0.35  # width / height of a person; a part of who is thinner at an edge is hidden
STRIDE = 0.03  # by how much legs and arms move the middle of the box of who walks [heights]
HALF_HIDDEN = 0.08  # error of the middle of a person beside something that hides a part [heights]
HIDDEN_ERROR = 0.35  # of distances, where the foot is hidden, relative
NOTHING = Hidden()


@dataclass(frozen=True)
class View:
    """What one box tells, with standard errors."""

    by_foot: float  # log of 1 / distance [1/m]
    foot_error: float  # from frame to frame; the error of the horizon stays
    by_size: float  # log of 1 / distance, if it is of the usual size
    size_error: float
    column: float  # to the right of the path [px]
    column_error: float
    below: float  # of the foot, under the horizon [px]
    focal_px: float
    label: str
    rows: int
    stands: bool = True  # whether the foot is seen, without which a box tells only the column

    @property
    def ahead(self) -> float:
        """By foot and size [m], each as far as it can be trusted."""
        foot, size = (ROW_ERROR * self.rows / self.below) ** -2, SIZE_SPREAD[self.label] ** -2
        return math.exp(-(foot * self.by_foot + size * self.by_size) / (foot + size))


@dataclass(frozen=True)
class Ground:
    """What turns rows into metres at one moment."""

    horizon: float  # row [px]
    focal_px: float
    camera_height_m: float
    size: tuple[int, int]  # (width, height) of the image
    path: tuple[tuple[float, ...], tuple[float, ...]]  # rows, and the column of the path in each

    def view(self, track: Track, hides: Hidden = NOTHING) -> View | None:
        """What its box tells; None where its foot or its sides are out of the picture."""
        x0, top, x1, foot = track.box
        below, tall = foot - self.horizon, foot - top
        if below <= 1.0 or not self.is_plausible(track, below, hides):
            return None
        if track.label == "vehicle" and self.is_cut(track.box):
            return None
        edge_px = EDGE_PX * self.size[1] / 360
        unseen = HIDDEN_ERROR if hides.foot else 0.0  # as long as it is hidden, not by chance
        column, error = self._column(track, below, hides)
        return View(
            math.log(below / (self.focal_px * self.camera_height_m)),
            math.hypot(edge_px / below, EDGE_ERROR * tall / below, unseen),
            math.log(tall / (self.focal_px * SIZE_M[track.label])),
            math.hypot(1.4 * edge_px / tall, EDGE_ERROR, unseen),
            column - self.path_at(foot),
            math.hypot(edge_px, EDGE_ERROR * (x1 - x0), error),
            below, self.focal_px, track.label, self.size[1], not hides.foot,
        )  # fmt: skip

    def _column(self, track: Track, below: float, hides: Hidden) -> tuple[float, float]:
        """The column of the middle of its nearest face, and the error beyond that of a box [px].

        A box shows the flank of a vehicle beside our path, too, which recedes towards the middle of
        the image: the face that is nearest is at its outer side, and the far end at its inner one.
        The outer side is often hidden, or missed; of the two the one farther from the path counts.
        """
        x0, _, x1, _ = track.box
        if track.label == "person":
            return self._of_person(track.box, hides)
        middle, metre_px = (x0 + x1) / 2, below / self.camera_height_m
        big = track.box[3] - track.box[1] > BIG_M * metre_px
        width_m, length_m = BIG if big else (WIDTH_M, LENGTH_M)
        face_px, centre = width_m * metre_px, self.size[0] / 2
        if self.leads_to(track.box):
            return middle, 0.0
        sign = 1 if middle > centre else -1
        inner, outer = (x0, x1)[::sign]
        farther = length_m * metre_px / self.focal_px if (inner - centre) * sign > 0 else 0.0
        flank = (inner - centre) * farther
        by_inner = inner + flank + sign * face_px / 2
        by_outer = outer - sign * face_px / 2
        error = math.hypot(abs(flank) / 3, FACE_ERROR_M * metre_px)
        if (hides.right if sign > 0 else hides.left) or (by_inner - by_outer) * sign > 0:
            return by_inner, error
        return by_outer, min(error, FACE_ERROR_M * metre_px)

    def _of_person(self, box: Box, hides: Hidden) -> tuple[float, float]:
        """The same of a person: half their usual width inwards of an edge that is seen."""
        x0, top, x1, foot = box
        tall = foot - top
        missing = max(USUAL_SHAPE * tall - (x1 - x0), 0.0)
        if not hides.left and not hides.right:
            return (x0 + x1) / 2, STRIDE * tall
        error = max(missing / 2, HALF_HIDDEN * tall)
        way = int(hides.right) - int(hides.left)
        return (x0 + x1 + way * missing) / 2, error

    def is_cut(self, box: Box) -> bool:
        """Whether the border of the image cuts off what tells its distance."""
        width, height = self.size
        border = BORDER * width
        return box[0] <= border or box[2] >= width - border or box[3] >= height - border

    def is_plausible(self, track: Track, below: float, hides: Hidden = NOTHING) -> bool:
        """Whether what stands there has the size of its kind, as far as it is not hidden."""
        x0, top, x1, foot = track.box
        metre_px = below / self.camera_height_m
        low, high = HEIGHTS_M[track.label]
        wide = (x1 - x0) >= LEAST_WIDTH_M[track.label] * metre_px
        slack = ROW_ERROR * self.size[1] / below
        tall = (foot - top) / metre_px
        low = 0.0 if hides.foot else low
        wide = wide or hides.left or hides.right
        return low * (1 - slack) <= tall <= high * (1 + slack) and wide

    def leads_to(self, box: Box) -> bool:
        """Whether the path runs into the box."""
        return box[0] < self.path_at(box[3]) < box[2]

    def path_at(self, row: float) -> float:
        """The column of the path that the car follows [px]."""
        return float(np.interp(row, *self.path))


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
