"""Conflicts: who and our car meet soon, if both go on as now; people, vehicles, the untracked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.conflict import conflict
from road_clarity.safety.courses import Course
from road_clarity.safety.risk import Cause, ramp
from road_clarity.safety.scene import Track

LEAST = 0.01  # how likely a conflict is to be told of
# How likely there is somebody in a box of whom the segmentation sees nothing (outline.py)
STILL_REAL = 0.75
CODES = {"person": "corridor.person", "vehicle": "collision.course"}


def conflicts(
    tracks: Iterable[Track], courses: Mapping[int, Course], config: SafetyConfig,
    denied: Collection[int] = (),
) -> list[Cause]:  # fmt: skip
    """tracks: those of the tracker, and with negative numbers those that it does not follow
    denied: the numbers of those of whom the segmentation sees nothing"""
    weights = {"person": config.conflict_weight, "vehicle": config.collision_weight}
    causes = []
    for track in tracks:
        if track.id not in courses:
            continue
        found = conflict(courses[track.id], track.label, config)
        real = credible(track) * (STILL_REAL if track.id in denied else 1.0)
        if found.likely < LEAST:
            continue
        followed = track.id >= 0
        code = CODES[track.label] if followed else "corridor.intrusion"
        name = f"{track.label} {track.id}" if followed else f"a {track.label} nobody follows"
        text = f"{name} would be met in {found.time_s:.1f} s ({found.likely:.0%} likely)"
        weight = weights[track.label] if followed else config.intrusion_weight
        points = weight * ramp(real * found.likely, config.conflict_begin, config.conflict_full)
        causes.append(Cause(code, points, track.box, text, track.label, track.id))
    return causes


def credible(track: Track) -> float:
    """How likely there is somebody, as far as one may believe a detector that often."""
    return 1.0 - (1.0 - min(max(track.confidence, 0.0), 1.0)) ** max(track.age, 1)
