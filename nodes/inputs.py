"""When each input of a node was last heard: silence is told on /diagnostics."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Inputs:
    """Any thread may note, any thread may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: [s], never goes back"""
        self._clock = clock
        self._heard_s: dict[str, float | None] = {}
        self._since_s = clock()

    def expect(self, *names: str) -> None:
        """These should come, from now on."""
        self._heard_s, self._since_s = dict.fromkeys(names), self._clock()

    def note(self, name: str) -> None:
        if name in self._heard_s:
            self._heard_s[name] = self._clock()

    def age_s(self, name: str) -> float:
        """Since it was last heard; inf when it never was [s]"""
        heard_s = self._heard_s[name]
        return math.inf if heard_s is None else self._clock() - heard_s

    def silent(self, limit_s: float) -> list[str]:
        """Names of those that should have come by now."""
        now_s = self._clock()
        last = {name: self._since_s if s is None else s for name, s in self._heard_s.items()}
        return [name for name, s in last.items() if now_s - s > limit_s]

    def values(self) -> dict[str, str]:
        """For the diagnostics."""
        ages = {name: self.age_s(name) for name in self._heard_s}
        return {
            f"{name} heard": "never" if math.isinf(age) else f"{age:.1f} s ago"
            for name, age in ages.items()
        }
