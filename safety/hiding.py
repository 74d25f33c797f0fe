"""What hides what: a nearer road user's box lies over an edge or the foot of a farther one's.

What is hidden so does not end where its box ends.  In a row of parked vehicles each hides the outer
side of the next one, and whoever stands behind them shows no feet.  The border of the image hides
as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from road_clarity.safety.scene import Box, Track

NEARER = 0.002  # how much lower a foot must be to be nearer [image heights]
TOUCHES = 0.006  # boxes so near to each other touch [image heights]
BORDER = 0.02  # a box so near to the border of the image may be cut off by it [image widths]


@dataclass(frozen=True)
class Hidden:
    """Which ends of a box are not those of what it shows."""

    left: bool = False
    right: bool = False
    foot: bool = False


def hidden(track: Track, everybody: Sequence[Track], size: tuple[int, int]) -> Hidden:
    """size (width, height) of the image"""
    x0, top, x1, foot = track.box
    width, height = size
    nearer = [
        other.box
        for other in everybody
        if other is not track and other.box[3] > foot + NEARER * height
    ]
    reach, border, middle = TOUCHES * height, BORDER * width, (top + foot) / 2
    return Hidden(
        x0 <= border or any(covers(box, x0 - reach, middle, reach) for box in nearer),
        x1 >= width - border or any(covers(box, x1 + reach, middle, reach) for box in nearer),
        foot >= height - border
        or all(
            any(covers(box, x, foot + reach, reach) for box in nearer)
            for x in np.linspace(x0, x1, 5)[1:-1]
        ),
    )


def covers(box: Box, x: float, y: float, slack: float) -> bool:
    return box[0] - slack <= x <= box[2] + slack and box[1] - slack <= y <= box[3] + slack
