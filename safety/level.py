"""The level: a small state machine with hysteresis.

Up at once, down only after the score stayed clearly lower for a while; whatever cannot be read is
unknown at once.
"""

from __future__ import annotations

from road_clarity.safety.config import SafetyConfig

LEVELS = ("nominal", "elevated", "high", "unknown")
RANK = {level: rank for rank, level in enumerate(LEVELS[:3])}


class Level:
    """Starts unknown: nothing has been seen yet."""

    def __init__(self, config: SafetyConfig) -> None:
        self._config = config
        self._lower_since_ns: int | None = None
        self.now = "unknown"

    def step(self, stamp_ns: int, score: float, known: bool) -> str:
        """The level at stamp_ns [ns]; score in 0..1, nan counts as not known."""
        if not known or not 0.0 <= score <= 1.0:
            self.now, self._lower_since_ns = "unknown", None
            return self.now
        reached = self._reached(score)
        if self.now != "unknown" and RANK[reached] >= RANK[self.now]:
            self.now, self._lower_since_ns = reached, None
            return self.now
        if self._lower_since_ns is None or stamp_ns < self._lower_since_ns:
            self._lower_since_ns = stamp_ns
        if stamp_ns - self._lower_since_ns >= self._config.hold_s * 1e9:
            self.now, self._lower_since_ns = reached, None
        return self.now

    def _reached(self, score: float) -> str:
        """The highest level whose threshold the score holds; one already reached holds longer."""
        slack = {
            level: self._config.release if self.now in LEVELS[rank:3] else 0.0
            for level, rank in RANK.items()
        }
        if score >= self._config.high - slack["high"]:
            return "high"
        return "elevated" if score >= self._config.elevated - slack["elevated"] else "nominal"
