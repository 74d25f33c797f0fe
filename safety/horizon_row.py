"""The row of the horizon: where the ego lines meet, and how the car nods.

The row in which the ego lines meet is right in the mean and wrong in a single frame, so its median
over the last frames is taken.  When the car brakes it nods within a tenth of a second; then
everything in the picture moves by the same number of rows.  That is taken from the boxes of all
who are followed, and forgotten after NODS_S, for what lasts the lines tell.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping

import numpy as np

from road_clarity.safety.scene import Track

KEPT = 15  # frames
NODS_S = 1.5
STILL = 0.002  # rows within which everybody stays by chance [image heights]
MOST = 0.08  # of a nod; what moves more in one frame is another picture [image heights]


class HorizonRow:
    """Remembers the last rows, and the last boxes."""

    def __init__(self) -> None:
        self._level: deque[float] = deque(maxlen=KEPT)  # rows, had the car not nodded
        self._nod = 0.0
        self._middles: dict[int, float] = {}
        self._stamp_ns = 0
        self._row = 0.0

    def see(
        self,
        row: float,
        tracks: Iterable[Track] = (),
        closing: Mapping[int, float] | None = None,
        stamp_ns: int = 0,
        height: int = 1,
    ) -> float:
        """The row in which the lines of this frame meet [px] -> the one to go by.

        closing: how fast the distance of each track grows, over the distance [1/s]."""
        dt = max((stamp_ns - self._stamp_ns) * 1e-9, 0.0)
        middles = {one.id: (one.box[1] + one.box[3]) / 2 for one in tracks}
        shifts = [
            middles[who] - self._row - (self._middles[who] - self._row) / (1 + rate * dt)
            for who, rate in (closing or {}).items()
            if who in middles and who in self._middles and 1 + rate * dt > 0.5
        ]
        moved = float(np.median(shifts)) if len(shifts) > 1 else 0.0
        self._nod *= math.exp(-dt / NODS_S)
        if STILL * height < abs(moved) < MOST * height:
            self._nod += moved
        self._middles, self._stamp_ns = middles, stamp_ns
        self._level.append(row - self._nod)
        self._row = float(np.median(self._level)) + self._nod
        return self._row
