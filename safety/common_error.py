"""Vehicles that seem to be met by one common error count once.

Where all of them are is told by the same horizon and the same path: if these are off, a whole row
of parked vehicles seems to stand in the way at once.  That at least one of several events happens
is as likely as the likeliest of them when one cause decides all (Frechet 1935), and their sum only
when no two happen together.  So vehicles together count as much as the one that counts most; each
keeps its part of that.  People decide each for themselves, and add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from road_clarity.safety.risk import Cause

COMMON = "collision.course"


def once(causes: Sequence[Cause]) -> list[Cause]:
    """The same causes; the points of vehicles are scaled so that their sum is their largest."""
    points = [cause.points for cause in causes if cause.code == COMMON]
    total = sum(points)
    if total <= 0.0:
        return list(causes)
    scale = max(points) / total
    return [
        replace(cause, points=cause.points * scale) if cause.code == COMMON else cause
        for cause in causes
    ]
