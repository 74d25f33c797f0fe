"""The alarm score of a frame: what flags go by, and what a calibration looks at.

The points of all causes added up, without the ceiling that the score has at 1; infinite where a
fault keeps the scene from being judged, as such a scene is flagged whatever the threshold is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from road_clarity.safety.monitors import MEANING

# The watch has just started and has nothing to compare with: neither calm nor a fault.
WARMING_UP = frozenset({"world.no_prediction", "watch.settling"})


def faulty(codes: Iterable[str]) -> bool:
    """Whether one of the reason codes is a fault other than that the watch warms up."""
    return any(code not in MEANING and code not in WARMING_UP for code in codes)


def alarm_score(level: str, codes: Iterable[str], points: float) -> float | None:
    """The alarm score >= 0 of a frame with these reasons; None while the watch warms up."""
    if level != "unknown":
        return points
    return math.inf if faulty(codes) else None
