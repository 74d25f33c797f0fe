"""The alarm score of a frame: what flags go by, and what a calibration looks at.

The points of all causes added up, without the ceiling that the score has at 1; infinite where a
fault keeps the scene from being judged, as such a scene is flagged whatever the threshold is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from road_clarity.safety.event_table import is_fault


def alarm_score(level: str, codes: Iterable[str], points: float) -> float | None:
    """The alarm score >= 0 of a frame with these reasons; None while the watch warms up."""
    if level != "unknown":
        return points
    return math.inf if any(map(is_fault, codes)) else None
