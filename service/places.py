"""A fixed number of places, so that what takes long can never take everything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from road_clarity.service.errors import busy


class Places:
    """Nobody waits for a place: who finds none is told when to come back."""

    def __init__(self, count: int, what: str, retry_s: float) -> None:
        """what: the sentence for those who find no place; retry_s: when to come back [s]."""
        self._free = threading.BoundedSemaphore(count)
        self._what, self._retry_s = what, retry_s

    def take(self) -> None:
        """Raises Refusal when all are taken."""
        if not self._free.acquire(blocking=False):
            raise busy(self._what, self._retry_s)

    def give_back(self) -> None:
        self._free.release()

    @contextmanager
    def taken(self) -> Iterator[None]:
        self.take()
        try:
            yield
        finally:
            self.give_back()
