"""The row of the horizon: the median of where the ego lines met during the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np

KEPT = 15  # frames; the nod of a braking car passes, a hill does not


class HorizonRow:
    """Remembers the last rows."""

    def __init__(self) -> None:
        self._rows: deque[float] = deque(maxlen=KEPT)

    def see(self, row: float) -> float:
        """The row of this frame [px] -> the steady one."""
        self._rows.append(row)
        return float(np.median(self._rows))
