"""Raise delay and hold: a cause counts once it has lasted, and a little longer than it is seen.

Both come from the event table.  What counts after a delay is the least that the cause has had
during it; what is held is the most that counted during the hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from road_clarity.safety.event_table import entry
from road_clarity.safety.risk import Cause

Key = tuple[str, int | None]  # code, and whom it is about
LONGEST_GAP_NS = 500_000_000  # a cause that was not seen for so long begins anew


class Persistence:
    """Remembers for how long each cause has been there."""

    def __init__(self) -> None:
        self._seen: dict[Key, list[tuple[int, float]]] = {}  # stamp, points
        self._counted: dict[Key, list[tuple[int, Cause]]] = {}
        self._last_ns: int | None = None

    def step(self, stamp_ns: int, causes: Sequence[Cause]) -> list[Cause]:
        """The causes that count at stamp_ns [ns]; a step back or a gap forgets everything."""
        if self._last_ns is not None and not 0 <= stamp_ns - self._last_ns <= LONGEST_GAP_NS:
            self._seen, self._counted = {}, {}
        self._last_ns = stamp_ns
        now = {(cause.code, cause.who): cause for cause in causes}
        lasting = [self._delayed(key, cause, stamp_ns) for key, cause in now.items()]
        self._seen = {key: self._seen[key] for key in now}
        for cause in lasting:
            self._counted.setdefault((cause.code, cause.who), []).append((stamp_ns, cause))
        return [self._held(key, stamp_ns) for key in list(self._counted)]

    def _delayed(self, key: Key, cause: Cause, stamp_ns: int) -> Cause:
        points = 1.0 if math.isnan(cause.points) else cause.points
        begin_ns = stamp_ns - round(entry(cause.code).raise_s * 1e9)
        seen = [*self._seen.get(key, ()), (stamp_ns, points)]
        before = [one for one in seen if one[0] <= begin_ns][-1:]
        self._seen[key] = before + [one for one in seen if one[0] > begin_ns]
        least = min(value for _, value in self._seen[key]) if before else 0.0
        return replace(cause, points=least)

    def _held(self, key: Key, stamp_ns: int) -> Cause:
        """The most that counted during the hold; forgets what is older."""
        oldest_ns = stamp_ns - round(entry(key[0]).hold_s * 1e9)
        kept = [one for one in self._counted[key] if one[0] >= oldest_ns]
        if not kept:
            return replace(self._counted.pop(key)[-1][1], points=0.0)
        self._counted[key] = kept
        return max(kept, key=lambda one: (one[1].points, one[0]))[1]
