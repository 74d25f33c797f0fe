"""The row of the horizon: where the ego lines meet, and how the car nods.

When the car brakes it nods within a tenth of a second; then everything in the picture moves by the
same number of rows.  That is taken from the boxes of all who are followed.  What the lines say is
right within a hundredth of the image from frame to frame, so a Kalman filter of one number takes
both in: the row moves with the boxes, and is drawn to where the lines meet.  Where they are not
both seen it stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from road_clarity.safety.scene import Track

FEWEST = 3  # who must be followed to tell a nod from what one of them does
STILL = 0.002  # rows within which everybody stays by chance [image heights]
MOST = 0.08  # of a nod; what moves more in one frame is another picture [image heights]
WANDERS = 0.009  # of the row in a second [image heights per root of a second]
LINES_ERROR = 0.006  # of the row in which the lines of one frame meet [image heights]
BELIEVED = 2.5  # [standard deviations] a row farther off counts no more than one so far off
GUESS_ERROR = 0.05  # of the row before any lines were seen [image heights]


class HorizonRow:
    """Remembers the row, how sure it is, and the last boxes."""

    def __init__(self) -> None:
        self._row: float | None = None
        self._doubt = 0.0  # variance [image heights squared]
        self._middles: dict[int, float] = {}
        self._stamp_ns = 0

    def see(
        self,
        row: float,
        tracks: Iterable[Track] = (),
        closing: Mapping[int, float] | None = None,
        stamp_ns: int = 0,
        height: int = 1,
        by_lines: bool = True,
    ) -> float:
        """The row in which the lines of this frame meet [px] -> the one to go by.

        closing: how fast the distance of each track grows, over the distance [1/s]
        by_lines: False where the lines are not both seen, and the row is but a guess"""
        if self._row is None:
            self._row, self._doubt = row, (LINES_ERROR if by_lines else GUESS_ERROR) ** 2
        dt = max((stamp_ns - self._stamp_ns) * 1e-9, 0.0)
        middles = {one.id: (one.box[1] + one.box[3]) / 2 for one in tracks}
        moved = self._moved(middles, closing or {}, dt)
        if STILL * height < abs(moved) < MOST * height:
            self._row += moved
        self._middles, self._stamp_ns = middles, stamp_ns
        self._doubt += WANDERS**2 * min(dt, 1.0)
        if by_lines:
            self._drawn_to(row, height)
        return self._row

    def _drawn_to(self, row: float, height: int) -> None:
        assert self._row is not None
        off, error = (row - self._row) / height, LINES_ERROR**2
        far = abs(off) / math.sqrt(self._doubt + error)
        error *= max(far / BELIEVED, 1.0) ** 2
        share = self._doubt / (self._doubt + error)
        self._row += share * off * height
        self._doubt *= 1.0 - share

    def _moved(
        self, middles: Mapping[int, float], closing: Mapping[int, float], dt: float
    ) -> float:
        """By how many rows everybody has moved since the last frame, beyond coming closer."""
        assert self._row is not None
        shifts = [
            middles[who] - self._row - (self._middles[who] - self._row) / (1 + rate * dt)
            for who, rate in closing.items()
            if who in middles and who in self._middles and 1 + rate * dt > 0.5
        ]
        return float(np.median(shifts)) if len(shifts) >= FEWEST else 0.0
