"""CULane's files of lanes: one lane a line, as "x y x y ..." in pixels of the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.models.lane_spline import Points

FEWEST_POINTS = 2  # of a lane that has a length
FARTHEST = 1_000_000  # from the corner of the image, beyond which nobody means a pixel [px]


def parse_lanes(text: str, where: str) -> list[Points]:
    """The lanes of one image, in the order of the lines.  Raises BadInput.

    A blank line is a lane of no points, and as in the official program one that nobody finds.
    """
    return [parse_lane(line, f"{where}:{n}") for n, line in enumerate(text.splitlines(), 1)]


def parse_lane(line: str, where: str) -> Points:
    try:
        numbers = np.array([float(word) for word in line.split()])
    except ValueError:
        raise BadInput("lane", where, 'must be numbers, "x y x y ..."') from None
    if not (np.abs(numbers) <= FARTHEST).all():
        raise BadInput("lane", where, f"must stay within {FARTHEST} pixels and hold no nan")
    if len(numbers) % 2:
        raise BadInput("lane", where, f"has {len(numbers)} numbers; every x needs its y")
    return numbers.reshape(-1, 2).astype(np.float32)


def format_lanes(lanes: Sequence[Points]) -> str:
    """What `parse_lanes` reads."""
    return "".join(" ".join(f"{x:.2f}" for x in lane.ravel()) + "\n" for lane in lanes)
