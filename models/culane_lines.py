"""CULane's files of lanes: one lane a line, as "x y x y ..." in pixels of the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.models.lane_spline import Points

FEWEST_POINTS = 2  # that a predicted lane must have
FARTHEST = 1_000_000  # from the corner of the image, beyond which nobody means a pixel [px]


def parse_lanes(text: str, where: str, *, fewest_points: int = 0) -> list[Points]:
    """The lanes of one image, a blank line being one of no points.  Raises BadInput.

    fewest_points: a shorter lane is refused.  The labels are taken as they come: the official
    program counts a lane without length as one that nobody finds.
    """
    lines = enumerate(text.splitlines(), 1)
    return [parse_lane(line, f"{where}:{number}", fewest_points) for number, line in lines]


def parse_lane(line: str, where: str, fewest_points: int) -> Points:
    try:
        numbers = np.array([float(word) for word in line.split()])
    except ValueError:
        raise BadInput("lane", where, 'must be numbers, "x y x y ..."') from None
    if not (np.abs(numbers) <= FARTHEST).all():
        raise BadInput("lane", where, f"must stay within {FARTHEST} pixels and hold no nan")
    if len(numbers) % 2:
        raise BadInput("lane", where, f"has {len(numbers)} numbers; every x needs its y")
    if len(numbers) < 2 * fewest_points:
        remedy = f"has {len(numbers) // 2} points; leave out what has fewer than {fewest_points}"
        raise BadInput("lane", where, remedy)
    return numbers.reshape(-1, 2).astype(np.float32)


def format_lanes(lanes: Sequence[Points]) -> str:
    """What `parse_lanes` reads."""
    return "".join(" ".join(f"{x:.2f}" for x in lane.ravel()) + "\n" for lane in lanes)
