"""Ways to the same result, timed in turn: what slows the machine down slows all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import TypeVar

import numpy as np

Way = TypeVar("Way")

WARM_UP = 2  # calls that load caches and are not counted
LEAST, MOST = 5, 500  # rounds, whatever the time
PAUSE_S = 0.002  # threads of the way before stop spinning


@dataclass(frozen=True)
class Times:
    """Of the calls of one way [ms]."""

    p50: float
    p99: float
    best: float
    count: int

    @classmethod
    def of(cls, taken_ms: list[float]) -> Times:
        p50, p99 = np.percentile(taken_ms, (50, 99))
        return cls(float(p50), float(p99), min(taken_ms), len(taken_ms))


def in_turn(ways: Mapping[Way, Callable[[], object]], seconds: float) -> dict[Way, Times]:
    """Call every way once a round until the seconds are over; every second round runs backwards."""
    for work in ways.values():
        for _ in range(WARM_UP):
            work()
    taken: dict[Way, list[float]] = {name: [] for name in ways}
    started, rounds = perf_counter(), 0
    while rounds < LEAST or (perf_counter() - started < seconds and rounds < MOST):
        for name in list(ways) if rounds % 2 == 0 else reversed(list(ways)):
            sleep(PAUSE_S)
            taken[name].append(milliseconds(ways[name]))
        rounds += 1
    return {name: Times.of(row) for name, row in taken.items()}


def milliseconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1e3
