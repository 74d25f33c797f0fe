"""Explanations wait in line: one at a time, behind the live work, and only so many in the line."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

import grpc

from road_clarity.service.errors import late
from road_clarity.service.places import Places

Answer = TypeVar("Answer")

WAITING = 4  # places in the line behind the one that is being worked on
LONGEST_S = 60.0  # for callers without a deadline of their own [s]
RETRY_S = 1.0
LOW_PRIORITY = 10  # niceness of the worker; streams run at 0


@dataclass(frozen=True)
class Deadline:
    """When the caller stops waiting, on the monotonic clock [s]."""

    at_s: float

    def left_s(self) -> float:
        return self.at_s - monotonic()


class ExplainQueue:
    """Runs work on its one thread and waits for it as long as the caller does."""

    def __init__(self) -> None:
        self._places = Places(1 + WAITING, f"{WAITING} explanations are waiting already", RETRY_S)
        self._worker = ThreadPoolExecutor(1, "explain", initializer=step_back)

    def first(self, load: Callable[[], Answer]) -> Future[Answer]:
        """What everything in the line needs; takes no place."""
        return self._worker.submit(load)

    def run(self, work: Callable[[Deadline], Answer], context: grpc.ServicerContext) -> Answer:
        """Raises Refusal when the line is full or the time is over, and whatever work raises."""
        remaining = context.time_remaining()
        deadline = Deadline(monotonic() + min(remaining or LONGEST_S, LONGEST_S))
        self._places.take()
        future = self._worker.submit(work, deadline)
        future.add_done_callback(lambda _: self._places.give_back())
        context.add_callback(future.cancel)
        try:
            return future.result(timeout=deadline.left_s())
        except (FutureTimeout, CancelledError) as error:
            future.cancel()
            raise late(
                "the explanation was not ready in time; allow more, or ask for less"
            ) from error

    def stop(self) -> None:
        """Let go of everyone in the line."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def step_back() -> None:
    """On Linux niceness belongs to the thread, so this leaves the rest of the process alone."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)
