"""What criteria are held against: frames and events of a run, or of one of its recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.events import Event, read_events
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.run_folder import EVENTS, read_rows
from road_clarity.safety.event_table import entry

EGO_LINES = {2, 3}  # left and right of the car
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Seen:
    """The little of a frame that criteria ask about."""

    stamp_ns: int
    level: str
    warming: bool  # unknown for no other reason than that it has only just begun
    both_lines: bool
    latency_ms: Mapping[str, float]


@dataclass(frozen=True)
class Facts:
    frames: Sequence[Seen]  # at least one
    events: Sequence[Event]
    start_ns: int

    @property
    def judged(self) -> list[Seen]:
        """Frames after the warm-up."""
        return [one for one in self.frames if not one.warming]

    @property
    def hours(self) -> float:
        return (self.frames[-1].stamp_ns - self.start_ns) * 1e-9 / 3600

    def at_s(self, stamp_ns: int) -> float:
        """Since the first frame [s]."""
        return (stamp_ns - self.start_ns) * 1e-9

    def quantile_ms(self, stage: str, share: float) -> float | None:
        """None for a stage that there is not."""
        taken = [one.latency_ms[stage] for one in self.frames if stage in one.latency_ms]
        return float(np.percentile(taken, 100 * share)) if taken else None


class RunFacts:
    """The facts of a run, by recording."""

    def __init__(self, run: Path, summary: Mapping[str, Any]) -> None:
        self._frames = [seen(row) for row in read_rows(run)]
        self._events = read_events(run / EVENTS)
        self._sources = summary["sources"]

    def of(self, source: str) -> Facts:
        """Of one recording; of all when empty.  Raises BadInput for one that there is not."""
        spans = [one for one in self._sources if source in ("", one["name"])]
        if not spans:
            names = ", ".join(one["name"] for one in self._sources)
            raise BadInput("source of a criterion", source, f"is not in the run; it has {names}")
        start_ns, end_ns = spans[0]["start_ns"], spans[-1]["end_ns"]
        return Facts(
            [one for one in self._frames if start_ns <= one.stamp_ns <= end_ns],
            [one for one in self._events if start_ns <= one.start_ns <= end_ns],
            start_ns,
        )


def seen(row: Row) -> Seen:
    codes = [one["code"] for one in row["risk"]["reasons"]]
    kinds = {entry(code).severity for code in codes}
    lines = {one["id"] for one in row["lanes"] or []}
    return Seen(
        row["stamp_ns"],
        row["risk"]["level"],
        row["risk"]["level"] == "unknown" and "starting" in kinds and "unknown" not in kinds,
        lines >= EGO_LINES,
        row["latency_ms"],
    )
