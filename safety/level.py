"""The level: a small state machine with hysteresis.

Up at once, down only after the points stayed clearly lower for a while; whatever cannot be read is
unknown at once.  The thresholds are those of the settings.  A calibration sets the lower one: what
reaches it is at least elevated, what does not is nominal, and high begins there at the earliest.
"""

from __future__ import annotations

import math

from road_clarity.safety.config import SafetyConfig

LEVELS = ("nominal", "elevated", "high", "unknown")
RANK = {level: rank for rank, level in enumerate(LEVELS[:3])}


class Level:
    """Starts unknown: nothing has been seen yet."""

    def __init__(self, config: SafetyConfig, flagged_from: float | None = None) -> None:
        """flagged_from: of a calibration [points], in place of config.elevated"""
        self._config = config
        self._elevated, self._high = config.elevated, config.high
        if flagged_from is not None:
            self._elevated, self._high = flagged_from, max(config.high, flagged_from)
        self._lower_since_ns: int | None = None
        self.now = "unknown"

    def step(self, stamp_ns: int, points: float, known: bool) -> str:
        """The level at stamp_ns [ns]; points >= 0 of all causes, nan counts as not known."""
        if not known or not 0.0 <= points < math.inf:
            self.now, self._lower_since_ns = "unknown", None
            return self.now
        reached = self._reached(points)
        if self.now != "unknown" and RANK[reached] >= RANK[self.now]:
            self.now, self._lower_since_ns = reached, None
            return self.now
        if self._lower_since_ns is None or stamp_ns < self._lower_since_ns:
            self._lower_since_ns = stamp_ns
        if stamp_ns - self._lower_since_ns >= self._config.hold_s * 1e9:
            self.now, self._lower_since_ns = reached, None
        return self.now

    def _reached(self, points: float) -> str:
        """The highest level whose threshold is reached; one already reached holds longer."""
        for level, threshold in (("high", self._high), ("elevated", self._elevated)):
            holds = self.now != "unknown" and RANK[self.now] >= RANK[level]
            slack = min(self._config.release, threshold / 2) if holds else 0.0  # 0 never holds one
            if points >= threshold - slack:
                return level
        return "nominal"
