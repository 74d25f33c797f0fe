"""Where the car is in its lane, and whether there is one."""

from __future__ import annotations

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import straight_line
from road_clarity.safety.risk import Cause, ramp
from road_clarity.safety.scene import Lanes


def departure(lanes: Lanes, size: tuple[int, int], config: SafetyConfig) -> list[Cause]:
    """Distance from the middle of the image to the ego lines at the bottom row, in lane widths.

    Takes the camera to sit in the middle of the car and to look straight ahead.
    """
    ego = {lane.id: lane for lane in lanes.lanes if lane.id in (2, 3)}
    if len(ego) < 2:
        return []
    width, height = size
    left, right = (
        x0 + slope * height for x0, slope in (straight_line(ego[2]), straight_line(ego[3]))
    )
    position = (width / 2 - left) / max(right - left, 1.0)
    side, gap, lane = (
        ("left", position, ego[2]) if position < 0.5 else ("right", 1 - position, ego[3])
    )
    xs, ys = zip(*lane.points, strict=True)
    return [
        Cause(
            "lane.departure",
            config.departure_weight * ramp(gap, config.departure_margin, 0.0),
            (min(xs), min(ys), max(xs), max(ys)),
            f"the {side} line is {max(gap, 0.0):.2f} lane widths from the middle of the car",
        )
    ]


def lost(seconds: float, config: SafetyConfig) -> list[Cause]:
    """seconds: for how long no line of the ego lane has been seen [s]."""
    points = config.lost_weight if seconds > config.lost_after_s else 0.0
    return [Cause("lane.lost", points, None, f"no line of the car's lane for {seconds:.1f} s")]
