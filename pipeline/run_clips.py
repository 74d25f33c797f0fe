"""Clips out of the rows of frames.jsonl: for calibrations, and to see what a calibration flags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame_row import Row, line
from road_clarity.pipeline.gate import JUMPS
from road_clarity.pipeline.run_folder import SUMMARY, is_run, read_rows
from road_clarity.safety.alarm import alarm_score
from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.clip_cutter import ClipCutter, Span

PERCEIVED = ("lanes", "tracks", "anomaly", "world")  # parts of a row that no calibration changes


@dataclass(frozen=True)
class Cut:
    """Footage as clips."""

    clips: tuple[Clip, ...]
    dropped: int  # rests shorter than half a clip
    spans: tuple[Span, ...] = ()  # of the clips

    def __add__(self, other: Cut) -> Cut:
        return Cut(self.clips + other.clips, self.dropped + other.dropped, self.spans + other.spans)


def cut(rows: Iterable[Row], name: str, clip_s: float, condition: str) -> Cut:
    """rows: of one recording, in order.  Raises BadInput for rows of an older version."""
    cutter, digest = ClipCutter(clip_s), hashlib.sha256()
    clips, spans = list[Clip](), list[Span]()

    def keep(span: Span | None) -> None:
        if span is not None:
            title = f"{name} {span.start_ns * 1e-9:.1f} s"
            clips.append(Clip(title, condition, digest.hexdigest(), span.maximum))
            spans.append(span)

    for row in rows:
        alarm = row_alarm(row)
        if any(reason["code"] in JUMPS for reason in row["risk"]["reasons"]):
            keep(cutter.finish())
        before = cutter.open
        keep(cutter.see(row["stamp_ns"], alarm))
        opened = cutter.open
        if before is None or opened is None or opened.start_ns != before.start_ns:
            digest = hashlib.sha256()
        digest.update(line({part: row[part] for part in PERCEIVED}).encode() + b"\n")
    keep(cutter.finish())
    return Cut(tuple(clips), cutter.dropped, tuple(spans))


def row_alarm(row: Row) -> float | None:
    """The alarm score of a recorded frame.  Raises BadInput."""
    risk = row["risk"]
    points = risk.get("points")
    if points is None:
        raise BadInput("frame", row["index"], "was recorded without points; replay it again")
    return alarm_score(risk["level"], [reason["code"] for reason in risk["reasons"]], points)


def made_with(run: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """(sha256 by name of the weights, safety parameters) of a finished run.  Raises BadInput."""
    summary = summary_of(run)
    try:
        models = {name: one["sha256"] for name, one in summary["models"].items()}
        return models, dict(summary["parameters"])
    except (KeyError, TypeError, AttributeError) as error:
        remedy = f"{SUMMARY} tells no models or parameters; replay it again"
        raise BadInput("run folder", run, remedy) from error


def summary_of(run: Path) -> dict[str, Any]:
    """Raises BadInput for what is no finished run."""
    if not is_run(run):
        raise BadInput("run folder", run, "holds no frames; make one with `road-clarity replay`")
    try:
        return dict(json.loads((run / SUMMARY).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise BadInput("run folder", run, f"has no readable {SUMMARY}; replay it again") from error


def clips_of_run(
    run: Path, clip_s: float, condition: str, seen: Callable[[], None] = lambda: None
) -> Cut:
    """Every recording of a finished run on its own.  seen: called for every frame.

    Raises BadInput.
    """
    found = Cut((), 0)
    for name, rows in groupby(named(run, seen), key=lambda one: one[0]):
        found += cut((row for _, row in rows), f"{run.name}/{name}", clip_s, condition)
    return found


def named(run: Path, seen: Callable[[], None]) -> Iterator[tuple[str, Row]]:
    """Every row with the name of its recording; its stamps follow those of the one before."""
    sources = summary_of(run).get("sources", [])
    starts = {one["start_ns"]: f"{one['name']} {number}" for number, one in enumerate(sources, 1)}
    name = ""
    for row in read_rows(run):
        seen()
        name = starts.get(row["stamp_ns"], name)
        yield name, row
