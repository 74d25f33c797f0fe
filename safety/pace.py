"""Work that ends before its time is over: no step begins that would not be done in time.

How long a step takes is known from the last one of its kind, or from the slowest of the others
while there was none.  The clock is an argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from road_clarity.safety.map_faithfulness import OutOfTime

Answer = TypeVar("Answer")
SLACK = 1.5  # how much longer than the last one the next step may take


class Pace:
    """Remembers over many pieces of work how long their steps take.  One thread at a time."""

    def __init__(self) -> None:
        self._took_s: dict[str, float] = {}

    def step(self, kind: str, work: Callable[[], Answer], left_s: Callable[[], float]) -> Answer:
        """left_s: time that is left [s].  Raises OutOfTime when it is not enough."""
        before = left_s()
        slowest = max(self._took_s.values(), default=0.0)
        if not before > SLACK * self._took_s.get(kind, slowest):
            raise OutOfTime
        answer = work()
        took = before - left_s()
        if math.isfinite(took):
            self._took_s[kind] = max(took, 0.0)
        return answer
