"""Latest frame wins: a slot of one, and the thread that empties it.

A network slower than the camera must see the newest image, not a growing queue of old ones; what
was overwritten unseen is counted.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from road_clarity.pipeline.in_hand import InHand

Item = TypeVar("Item")


class LatestSlot(Generic[Item]):
    """Holds the newest item only.  Any thread may put, one thread takes."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._closed = False
        self.dropped = 0  # items overwritten before anybody took them

    def put(self, item: Item) -> None:
        with self._condition:
            self.dropped += self._item is not None
            self._item = item
            self._condition.notify()

    def take(self) -> Item | None:
        """Wait for the next item; None when the slot was closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed)
            item, self._item = self._item, None
            return None if self._closed else item

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class StageWorker(Generic[Item]):
    """A thread that runs `work` on the newest item.  It outlives exceptions: `failed` gets them."""

    def __init__(
        self, name: str, work: Callable[[Item], None], failed: Callable[[Item, Exception], None],
        niceness: int = 0,
    ) -> None:  # fmt: skip
        """niceness: 0 as the rest of the process, 19 behind everything else"""
        self.slot: LatestSlot[Item] = LatestSlot()
        self.in_hand = InHand()
        self._work, self._failed, self._niceness = work, failed, niceness
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        if self._niceness:
            step_back(self._niceness)
        while (item := self.slot.take()) is not None:
            with self.in_hand.work():
                self._do(item)

    def _do(self, item: Item) -> None:
        try:
            self._work(item)
        except Exception as error:  # a model may fail in any way; the safety node must hear of it
            self._failed(item, error)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread after the item in hand.  False when it hangs."""
        self.slot.close()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()


def step_back(niceness: int) -> None:
    """Let others go first.  On Linux niceness belongs to the thread, and to those that it starts;
    elsewhere to the process, so that nothing is done there."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
