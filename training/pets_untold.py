"""Who walks through PETS 2009 S2.L1 (frames 0..399) though its truth is silent about them.

One person crosses the far lawn, and people are not told of while they enter or leave at the border
of the image.  Nobody has to find them, nobody is blamed for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from road_clarity.safety.scene import Box

WIDTH = 768  # of the recording [px]
# Of the person on the lawn: frame, middle [px]; read from the pictures
WALK = np.array([
    (76, 292, 68), (84, 271, 71), (96, 240, 76), (108, 203, 83), (120, 173, 90), (132, 138, 97),
    (144, 100, 103), (156, 60, 115), (168, 19, 120), (174, 2, 122),
], float)  # fmt: skip
WALKER = (17.0, 37.0)  # width, height [px]
ENTERING = 15  # frames that somebody takes to come in or to leave
SPEED_OVER = 4  # frames over which a speed is taken
THIN_PX = 3.0


def untold(truth: Mapping[int, Mapping[str, Box]], frame: int) -> list[Box]:
    """Boxes [px] of those who are there in this frame.  truth: by frame and identity"""
    found = [walker(frame)] if WALK[0, 0] <= frame <= WALK[-1, 0] else []
    for name in {name for near in around(frame) for name in truth.get(near, {})}:
        box = at_border(truth, name, frame)
        found += [box] if box is not None else []
    return found


def walker(frame: int) -> Box:
    x, y = (float(np.interp(frame, WALK[:, 0], WALK[:, axis])) for axis in (1, 2))
    return x - WALKER[0] / 2, y - WALKER[1] / 2, x + WALKER[0] / 2, y + WALKER[1] / 2


def around(frame: int) -> range:
    return range(frame - ENTERING, frame + ENTERING + 1)


def at_border(truth: Mapping[int, Mapping[str, Box]], name: str, frame: int) -> Box | None:
    """Where somebody goes on to from the told frame next to this one, if that ends at a border."""
    told = [near for near in around(frame) if name in truth.get(near, {})]
    if frame in told:
        return None
    last = min(told, key=lambda near: abs(near - frame))
    before = last + (SPEED_OVER if last > frame else -SPEED_OVER)
    if name not in truth.get(before, {}):
        return None
    here, there = np.array(truth[last][name]), np.array(truth[before][name])
    speed = (here - there)[[0, 2]].mean() / (last - before)
    x0, x1 = (float(here[edge] + speed * (frame - last)) for edge in (0, 2))
    left, right = max(x0, 0.0), min(x1, float(WIDTH))
    near = min(x0, WIDTH - x1) < x1 - x0  # one width at most
    return (
        (left, float(here[1]), right, float(here[3])) if near and right - left > THIN_PX else None
    )
