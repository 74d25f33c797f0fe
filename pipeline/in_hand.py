"""What a thread is working on, and for how long: a network that hangs must be seen from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class InHand:
    """One thread works, any other may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: [s], never goes back"""
        self._clock = clock
        self._since_s: float | None = None
        self.finished = 0  # pieces of work, well or badly

    @contextmanager
    def work(self) -> Iterator[None]:
        self._since_s = self._clock()
        try:
            yield
        finally:
            self._since_s = None
            self.finished += 1

    @property
    def lasts_s(self) -> float:
        """How long the work in hand has lasted [s]; 0 when there is none."""
        since_s = self._since_s  # the worker may put it down meanwhile
        return 0.0 if since_s is None else self._clock() - since_s
