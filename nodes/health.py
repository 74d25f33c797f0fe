"""How a node is doing: rates, times and faults, counted by its worker and told on /diagnostics."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

RECENT = 100  # how many times the percentiles look at
WINDOW_S = 2.0  # over which a rate is measured, and for which a fault is remembered [s]


class Severity(IntEnum):
    """The levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Condition:
    severity: Severity
    text: str
    values: dict[str, str]


class Health:
    """Any thread may note, any thread may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: [s], never goes back"""
        self._clock, self._lock = clock, threading.Lock()
        self._done: deque[float] = deque(maxlen=RECENT)  # when [s]
        self._took: deque[float] = deque(maxlen=RECENT)  # how long [s]
        self._fault: tuple[float, str] | None = None  # when [s], what

    def note_done(self, took_s: float) -> None:
        """A piece of work was finished."""
        with self._lock:
            self._done.append(self._clock())
            self._took.append(took_s)

    def note_fault(self, text: str) -> None:
        """A piece of work failed."""
        with self._lock:
            self._fault = (self._clock(), text)

    def condition(self) -> Condition:
        """Faults are errors; no work for a while is stale."""
        with self._lock:
            now = self._clock()
            done, took, fault = list(self._done), sorted(self._took), self._fault
        recent = [at for at in done if now - at <= WINDOW_S]
        values = {"rate [1/s]": f"{len(recent) / WINDOW_S:.1f}"}
        if took:
            values["p50 [ms]"] = f"{took[len(took) // 2] * 1e3:.1f}"
            values["p99 [ms]"] = f"{took[min(len(took) - 1, len(took) * 99 // 100)] * 1e3:.1f}"
        if fault is not None and now - fault[0] <= WINDOW_S:
            return Condition(Severity.ERROR, fault[1], values)
        if not recent:
            return Condition(Severity.STALE, f"nothing was done for {WINDOW_S:.0f} s", values)
        return Condition(Severity.OK, "working", values)
