"""One score from many causes: additive, so that the shares of the reasons are the score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from road_clarity.safety.clip_calibration import DIGITS
from road_clarity.safety.scene import Box, Reason


@dataclass(frozen=True)
class Cause:
    """Something that speaks against a calm scene."""

    code: str
    points: float  # >= 0; 1.0 alone makes the score 1; nan counts as 1.0
    region: Box | None
    text: str
    label: str | None = None  # 'person' or 'vehicle', where it is about one
    who: int | None = None  # number of the track it is about


def combine(causes: Sequence[Cause]) -> tuple[float, tuple[Reason, ...]]:
    """Score = the points added up, at most 1; each cause's share of it is its share of the points.

    Causes without points are left out; reasons come largest first.
    """
    points = points_of(causes)
    total = sum(points)
    scale = min(total, 1.0) / total if total > 0 else 0.0
    reasons = [
        Reason(cause.code, point * scale, cause.region, cause.text, cause.label)
        for cause, point in zip(causes, points, strict=True)
        if point > 0
    ]
    return min(total, 1.0), tuple(sorted(reasons, key=lambda r: (-r.share, r.code)))


def points_of(causes: Sequence[Cause]) -> list[float]:
    """What each cause counts: at most 1, and 1 for nan."""
    return [1.0 if math.isnan(cause.points) else min(cause.points, 1.0) for cause in causes]


def total_points(causes: Sequence[Cause]) -> float:
    """All points added up, beyond 1 as well, rounded so that equal sums are equal."""
    return round(sum(points_of(causes)), DIGITS)


def ramp(value: float, start: float, full: float) -> float:
    """0 at `start`, 1 at `full`, clipped; start may be above full.  nan gives nan."""
    if math.isnan(value):
        return math.nan
    return min(max((value - start) / (full - start), 0.0), 1.0)
