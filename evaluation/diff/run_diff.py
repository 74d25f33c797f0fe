"""The drift between two run folders: risk, reasons, lanes, tracks, strangeness, latency, events.

Frames belong together by stamp, or by number when no stamp is common (another time base).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from road_clarity.evaluation.diff.frame_change import FrameChange, frame_change
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.events import Event, read_events
from road_clarity.pipeline.frame_row import Row, rounded
from road_clarity.pipeline.run_folder import EVENTS, FRAMES, SUMMARY, is_run, read_rows

Report = dict[str, Any]
DIGITS = 6


def diff_runs(first: Path, second: Path, most: int, tolerance: float) -> Report:
    """Everything that differs.  most: how many of the frames that changed most are told.

    `same` says whether every frame is in both runs with the same level and a score that differs by
    no more than `tolerance`.  Raises BadInput.
    """
    summaries = [read_summary(run) for run in (first, second)]
    rows = [list(read_rows(run)) for run in (first, second)]
    pairs, by = paired(*rows)
    changes = [frame_change(one, other) for one, other in pairs]
    alone = [len(side) - len(pairs) for side in rows]
    return {
        "runs": [str(first), str(second)],
        "same": not any(alone) and all(within(one, tolerance) for one in changes),
        "identical": summaries[0].get("digest") == summaries[1].get("digest") is not None,
        "tolerance": tolerance,
        "frames": {"both": len(pairs), "only_first": alone[0], "only_second": alone[1], "by": by},
        "models": models_changed(*summaries),
        "risk": risk_drift(changes),
        "reasons": reason_drift(pairs, changes),
        "perception": perception_drift(changes),
        "latency_ratio": latency_ratio(*summaries),
        "events": events_changed(read_events(first / EVENTS), read_events(second / EVENTS)),
        "changed_most": [told(one) for one in changed_most(changes, most)],
    }


def read_summary(run: Path) -> Report:
    """Raises BadInput for what is no complete run."""
    if not is_run(run):
        raise BadInput("run folder", run, f"holds no {FRAMES}; make one with `road-clarity replay`")
    try:
        summary: Report = json.loads((run / SUMMARY).read_text())
    except (OSError, ValueError) as error:
        raise BadInput("run folder", run, f"has no readable {SUMMARY}; replay it again") from error
    return summary


def paired(first: Sequence[Row], second: Sequence[Row]) -> tuple[list[tuple[Row, Row]], str]:
    """Frames that both runs have, and how they were matched.  Raises BadInput when none match."""
    for key in ("stamp_ns", "index"):
        by_key = {row[key]: row for row in second}
        pairs = [(row, by_key[row[key]]) for row in first if row[key] in by_key]
        if pairs:
            return pairs, key
    raise BadInput("runs", "without a common frame", "compare replays of the same recording")


def within(change: FrameChange, tolerance: float) -> bool:
    first, second = change.score
    if first is None or second is None:
        return first == second and change.level[0] == change.level[1]
    return change.level[0] == change.level[1] and abs(first - second) <= tolerance


def models_changed(first: Report, second: Report) -> Report:
    """Networks whose weights, backend or precision differ: [first, second], null where absent."""
    ours, theirs = first.get("models", {}), second.get("models", {})
    names = sorted(ours.keys() | theirs.keys())
    return {
        name: [ours.get(name), theirs.get(name)]
        for name in names
        if ours.get(name) != theirs.get(name)
    }


def risk_drift(changes: Sequence[FrameChange]) -> Report:
    scores = [one.score for one in changes if None not in one.score]
    off = np.array([(second or 0.0) - (first or 0.0) for first, second in scores] or [math.nan])
    levels = Counter(one.level for one in changes if one.level[0] != one.level[1])
    return {
        "mean_change": number(off.mean()),
        "mean_absolute": number(np.abs(off).mean()),
        "largest": number(np.abs(off).max()),
        "other_level": sum(levels.values()),
        "levels": {f"{a} to {b}": count for (a, b), count in levels.most_common()},
    }


def reason_drift(pairs: Sequence[tuple[Row, Row]], changes: Sequence[FrameChange]) -> Report:
    """Explanations: mean share by code in both runs, and how often they say something else."""
    codes: dict[str, list[float]] = {}
    for pair in pairs:
        for side, row in enumerate(pair):
            for one in row["risk"]["reasons"]:
                codes.setdefault(one["code"], [0.0, 0.0])[side] += (one["share"] or 0.0) / len(
                    pairs
                )
    drift = sorted(codes.items(), key=lambda item: (-abs(item[1][1] - item[1][0]), item[0]))
    apart = [sum(map(abs, one.reasons.values())) / 2 for one in changes]
    return {
        "mean_share": {code: [number(a), number(b)] for code, (a, b) in drift},
        "mean_moved_share": number(float(np.mean(apart))),
        "frames_with_other_shares": sum(value > 0 for value in apart),
        "frames_pointing_elsewhere": sum(one.moved > 0.5 for one in changes),
    }


def perception_drift(changes: Sequence[FrameChange]) -> Report:
    return {
        "lanes_px": mean_of(changes, lambda one: one.lanes_px),
        "lanes_only_in_one": sum(one.lanes_lost for one in changes),
        "tracks_only_in_one": sum(one.tracks_lost for one in changes),
        "p_value_decades": mean_of(changes, lambda one: one.decades),
    }


def latency_ratio(first: Report, second: Report) -> Report:
    """p50 of the second run over that of the first, by stage.  Two runs, so the machine counts."""
    ours, theirs = first.get("latency_ms", {}), second.get("latency_ms", {})
    return {
        stage: number(theirs[stage]["p50"] / ours[stage]["p50"])
        for stage in ours
        if stage in theirs and ours[stage]["p50"] > 0
    }


def events_changed(first: Sequence[Event], second: Sequence[Event]) -> Report:
    """Events overlap in time, or only one run has them."""
    return {
        "both": sum(any(overlaps(one, other) for other in second) for one in first),
        "only_first": [named(one) for one in first if not any(overlaps(one, o) for o in second)],
        "only_second": [named(one) for one in second if not any(overlaps(one, o) for o in first)],
    }


def overlaps(one: Event, other: Event) -> bool:
    return one.start_ns <= other.end_ns and other.start_ns <= one.end_ns


def named(event: Event) -> Report:
    return {"id": event.id, "level": event.level, "score": event.score, "start_ns": event.start_ns}


def changed_most(changes: Iterable[FrameChange], most: int) -> list[FrameChange]:
    """Those that changed at all, the largest change first."""
    moved = [one for one in changes if one.weight > 0]
    return sorted(moved, key=lambda one: (-one.weight, one.index))[:most]


def told(change: FrameChange) -> Report:
    return {
        "index": change.index,
        "stamp_ns": change.stamp_ns,
        "score": list(change.score),
        "level": list(change.level),
        "reasons": change.reasons,
        "lanes_px": number(change.lanes_px),
        "tracks_only_in_one": change.tracks_lost,
    }


def mean_of(changes: Sequence[FrameChange], value: Callable[[FrameChange], float]) -> float | None:
    """Over the frames where it is known; null where it never is."""
    known = [value(one) for one in changes if not math.isnan(value(one))]
    return number(float(np.mean(known))) if known else None


def number(value: float) -> float | None:
    return rounded(value, DIGITS)
