"""The corridor: the strip of road that the car is about to drive over, in image rows.

The middle of the ego lane, as wide as the car and a margin, where both its lines are seen.
Otherwise by flat-ground geometry: a strip W metres wide seen from h metres above the road is
W / h * (y - horizon) pixels wide in row y, whatever the focal length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import Lane, Lanes


@dataclass(frozen=True)
class Corridor:
    """x(y) = x0 + slope * y on each side; rows from `horizon` to `bottom` [px]."""

    left: tuple[float, float]  # (x0, slope)
    right: tuple[float, float]
    horizon: float
    bottom: float
    by_lines: bool = False  # whether the lines tell it, or flat-ground geometry

    def position(self, x: float, y: float) -> float:
        """Where (x, y), below the horizon, is across the corridor: 0 left edge, 1 right edge."""
        left, right = (x0 + slope * y for x0, slope in (self.left, self.right))
        return (x - left) / max(right - left, 1.0)

    def closeness(self, y: float) -> float:
        """0 at the horizon, 1 at the bottom of the image."""
        return (y - self.horizon) / (self.bottom - self.horizon)


def corridor(lanes: Lanes | None, size: tuple[int, int], config: SafetyConfig) -> Corridor:
    """The corridor in an image of `size` (width, height) [px]."""
    width, height = size
    by_id = {lane.id: lane for lane in lanes.lanes} if lanes else {}
    if 2 in by_id and 3 in by_id:
        left, right = straight_line(by_id[2]), straight_line(by_id[3])
        horizon = vanishing_row(*(whole_line(by_id[number]) for number in (2, 3)))
        if 0.0 < horizon < 0.9 * height:
            margin = (1 - min(config.corridor_width_m / config.lane_width_m, 1.0)) / 2
            inner = between(left, right, margin), between(left, right, 1 - margin)
            return Corridor(*inner, horizon, float(height), by_lines=True)
    horizon = config.horizon * height
    spread = config.corridor_width_m / config.camera_height_m / 2
    middle = width / 2
    return Corridor(
        (middle + spread * horizon, -spread),
        (middle - spread * horizon, spread),
        horizon,
        float(height),
    )


def straight_line(lane: Lane) -> tuple[float, float]:
    """(x0, slope) of x = x0 + slope * y through the lower half, where roads are nearly straight."""
    points = np.asarray(lane.points)
    near = points[points[:, 1] >= np.median(points[:, 1])]
    slope, x0 = np.polyfit(near[:, 1], near[:, 0], 1)
    return float(x0), float(slope)


def whole_line(lane: Lane) -> tuple[float, float]:
    """(x0, slope) through all points: where two such lines meet is told by their far ends."""
    x, y = np.asarray(lane.points).T
    slope, x0 = np.polyfit(y, x, 1)
    return float(x0), float(slope)


def between(
    left: tuple[float, float], right: tuple[float, float], share: float
) -> tuple[float, float]:
    """The line that divides every row between two lines by `share`."""
    (x0, slope0), (x1, slope1) = left, right
    return x0 + share * (x1 - x0), slope0 + share * (slope1 - slope0)


def vanishing_row(left: tuple[float, float], right: tuple[float, float]) -> float:
    """The row in which two lines meet [px]; inf where they are parallel."""
    opening = right[1] - left[1]
    return (left[0] - right[0]) / opening if opening > 0 else float("inf")
