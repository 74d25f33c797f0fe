"""What hides what: a nearer road user's box lies over an edge or the foot of a farther one's.

What is hidden so does not end where its box ends.  In a row of parked vehicles each hides the outer
side of the next one, and whoever stands behind them shows no feet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from road_clarity.safety.scene import Box, Track

NEARER = 0.01  # how much lower a foot must be to be nearer [image heights]
TOUCHES = 0.006  # boxes so near to each other touch [image heights]


@dataclass(frozen=True)
class Hidden:
    """Which ends of a box are not those of what it shows."""

    left: bool = False
    right: bool = False
    foot: bool = False


def hidden(track: Track, everybody: Sequence[Track], height: int) -> Hidden:
    """height of the image [px]"""
    x0, _, x1, foot = track.box
    nearer = [
        other.box
        for other in everybody
        if other is not track and other.box[3] > foot + NEARER * height
    ]
    reach = TOUCHES * height
    middle = (track.box[1] + foot) / 2
    return Hidden(
        any(covers(box, x0 - reach, middle, reach) for box in nearer),
        any(covers(box, x1 + reach, middle, reach) for box in nearer),
        any(covers(box, (x0 + x1) / 2, foot + reach, reach) for box in nearer),
    )


def covers(box: Box, x: float, y: float, slack: float) -> bool:
    return box[0] - slack <= x <= box[2] + slack and box[1] - slack <= y <= box[3] + slack
