"""Rounds: all networks look at one frame, then all at the newest that has come meanwhile.

Left alone, each network would take another frame, and no image would ever have all of its parts.
A round has waves: the second begins when the first is through, for who needs its answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Rounds(Generic[Item]):
    """Any thread may offer a frame or say that a network is through with one; none ever waits long.

    A network that does not come back holds up one round for `longest_s`, and later ones not at all.
    """

    def __init__(
        self,
        waves: Sequence[Callable[[Item], Collection[str]]],
        ended: Callable[[Item, bool], None],
        longest_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        waves: each hands the frame to its networks and names those that took it
        ended: hears of the frame of each round, and whether all answered
        clock: [s], never goes back
        """
        self._waves, self._ended = waves, ended
        self._longest_s, self._clock = longest_s, clock
        self._lock = threading.RLock()
        self._now: Item | None = None
        self._next: Item | None = None
        self._wave, self._began_s = 0, 0.0
        self._awaited: set[str] = set()
        self._behind: dict[str, Item] = {}  # networks, and the frame that each is still at
        self.skipped = 0  # frames that gave way to newer ones

    def offer(self, item: Item) -> None:
        """A new frame is there."""
        with self._lock:
            self.skipped += self._next is not None
            self._next = item
            if self._now is not None and self._clock() - self._began_s >= self._longest_s:
                self._behind |= dict.fromkeys(self._awaited, self._now)
                self._end(complete=False)
            elif self._now is None:
                self._begin()

    def through(self, name: str, item: Item) -> None:
        """A network has answered, or failed at, that frame."""
        with self._lock:
            if self._behind.get(name) is item:
                del self._behind[name]
            if item is self._now and name in self._awaited:
                self._awaited.discard(name)
                self._go_on()

    def _begin(self) -> None:
        self._now, self._next = self._next, None
        self._wave, self._began_s = -1, self._clock()
        self._awaited = set()
        if self._now is not None:
            self._go_on()

    def _go_on(self) -> None:
        """Begin the next wave when this one is through; after the last, the next round."""
        while not self._awaited:
            self._wave += 1
            if self._wave == len(self._waves):
                self._end(complete=True)
                return
            assert self._now is not None
            took = self._waves[self._wave](self._now)
            self._awaited = set(took) - self._behind.keys()

    def _end(self, complete: bool) -> None:
        item, self._now = self._now, None
        assert item is not None
        self._ended(item, complete)
        self._begin()
