"""Finished units, in order, as one run folder: what a single process would have left behind.

Frames and events are numbered through.  A recording that would overlap the one before in time comes
after it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from road_clarity.evaluation.filmstrip import Still
from road_clarity.evaluation.replay_pipeline import Described
from road_clarity.evaluation.report import write_report
from road_clarity.evaluation.units.moved_log import MovedLog
from road_clarity.evaluation.units.unit_folder import STILLS, Said
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.events import Event, read_events
from road_clarity.pipeline.evidence.bundle import (
    Damaged,
    checked_part,
    locked,
    read_manifest,
    write_bundle,
)
from road_clarity.pipeline.evidence.event import event_folders
from road_clarity.pipeline.evidence.journal import carry_over
from road_clarity.pipeline.evidence.moved import Move, moved_files, moved_name
from road_clarity.pipeline.evidence.store import Evidence
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.run_folder import EVENTS, MCAP, REPORT, RunFolder, read_rows

PAUSE_NS = 1_000_000_000  # between two recordings whose stamps would overlap
SHOWN = ("stamp_ns", "risk", "anomaly")  # of every row in the report; an hour fits into memory


@dataclass(frozen=True)
class Part:
    """A finished unit."""

    recording: int  # its place among the recordings of the run
    source: str  # name of the recording
    name: str  # of the unit, for people
    folder: Path
    said: Said


@dataclass(frozen=True)
class Placed:
    """A unit with frames, and where it comes in the run."""

    part: Part
    move: Move

    @property
    def start_ns(self) -> int:
        return int(self.part.said["start_ns"]) + self.move.ns

    @property
    def end_ns(self) -> int:
        return int(self.part.said["end_ns"]) + self.move.ns


class Merge:
    """One run being put together in a folder that exists."""

    def __init__(self, parts: Sequence[Part], folder: Path, pipeline: Described) -> None:
        """Raises BadInput where no part holds a frame."""
        self._folder, self._pipeline = folder, pipeline
        self._placed = list(placed(parts))
        if not self._placed:
            raise BadInput("source", "without frames", "give a recording that holds images")
        self._run = RunFolder(folder)
        self._shown: list[Row] = []
        self._latency: defaultdict[str, list[float]] = defaultdict(list)

    def write(self, work: Mapping[str, Any], earlier: Path) -> dict[str, Any]:
        """Everything but the report and the summary, which it returns without its verdicts.

        work: what summary.json says of how the run was made; earlier: run whose labels stay.
        Raises BadInput for a unit that was damaged.
        """
        with ExitStack() as open_files:
            open_files.callback(self._run.close)
            log = open_files.enter_context(MovedLog(self._folder / MCAP))
            for one in self._placed:
                self._add_rows(one)
                log.add(one.part.folder / MCAP, one.move.ns)
                self._add_events(one)
        carry_over(earlier / EVENTS, self._run.events)
        evidence = Evidence(self._run.events)
        evidence.recover()
        evidence.close()
        return self._summary(work)

    def finish(self, summary: dict[str, Any]) -> None:
        """Write report and summary."""
        stills = [still for one in self._placed for still in stills_of(one)]
        report = self._folder / REPORT
        write_report(report, summary, self._shown, self._run.events, stills, self._pipeline)
        self._run.finish(summary)

    def _add_rows(self, one: Placed) -> None:
        for row in read_rows(one.part.folder):
            row["index"] += one.move.frames
            row["stamp_ns"] += one.move.ns
            self._run.append(row)
            self._shown.append({key: row[key] for key in SHOWN})
            for stage, milliseconds in row["latency_ms"].items():
                self._latency[stage].append(milliseconds)

    def _add_events(self, one: Placed) -> None:
        with locked(self._run.events):
            for name in event_folders(one.part.folder / EVENTS):
                stored = bundle_files(one.part.folder / EVENTS / name)
                files = moved_files(stored, one.move, one.part.source)
                write_bundle(self._run.events, moved_name(name, one.move.events), files)

    def _summary(self, work: Mapping[str, Any]) -> dict[str, Any]:
        said = [one.part.said for one in self._placed]
        events = read_events(self._run.events)
        frames = sum(one["frames"] for one in said)
        return {
            "frames": frames,
            "fps": round(frames / max(sum(one["seconds"] for one in said), 1e-3), 1),
            "latency_ms": {stage: percentiles(ms) for stage, ms in self._latency.items()},
            "events": len(events),
            "flagged": [brief(event) for event in events],
            "sources": list(sources(self._placed)),
            "models": said[0]["models"],
            "parameters": said[0]["parameters"],
            "settings": said[0]["settings"],
            "promise": last_promise(said),
            "units": [
                {
                    "name": one.part.name,
                    "key": one.part.said["key"],
                    "frames": one.part.said["frames"],
                    "start_index": one.move.frames,
                    "start_ns": one.start_ns,
                    "seconds": one.part.said["seconds"],
                    "cpu_s": one.part.said["cpu_s"],
                }
                for one in self._placed
            ],
            "work": dict(work),
            "digest": self._run.digest,
        }


def placed(parts: Sequence[Part]) -> Iterator[Placed]:
    """Where every unit with frames comes.  parts: in order."""
    move, end_ns, recording = Move(), None, None
    for part in parts:
        if not part.said["frames"]:
            continue
        if part.recording != recording:
            recording, start_ns = part.recording, part.said["start_ns"]
            overlaps = end_ns is not None and start_ns <= end_ns
            move = replace(move, ns=end_ns + PAUSE_NS - start_ns if overlaps and end_ns else 0)
        one = Placed(part, move)
        yield one
        end_ns = one.end_ns
        events = len(event_folders(part.folder / EVENTS))
        move = replace(move, frames=move.frames + part.said["frames"], events=move.events + events)


def bundle_files(bundle: Path) -> dict[str, bytes]:
    """Every file but the manifest, as it was stored.  Raises BadInput."""
    try:
        said = read_manifest(bundle)[1]
        return {name: checked_part(bundle, name, said) for name in said}
    except Damaged as error:
        remedy = f"was changed after it was finished ({error}); remove the unit's folder"
        raise BadInput("event of a unit", bundle, remedy) from error


def stills_of(one: Placed) -> list[Still]:
    return [
        Still(
            told["index"] + one.move.frames,
            told["stamp_ns"] + one.move.ns,
            told["level"],
            b64decode(told["jpeg"]),
        )
        for told in json.loads((one.part.folder / STILLS).read_bytes())
    ]


def sources(placed: Sequence[Placed]) -> Iterator[dict[str, Any]]:
    """Every recording with its frames and its place in time."""
    by_recording: dict[int, list[Placed]] = {}
    for one in placed:
        by_recording.setdefault(one.part.recording, []).append(one)
    for units in by_recording.values():
        yield {
            "name": units[0].part.source,
            "frames": sum(one.part.said["frames"] for one in units),
            "start_ns": units[0].start_ns,
            "end_ns": units[-1].end_ns,
        }


def last_promise(said: Sequence[Said]) -> dict[str, Any]:
    """As it stands at the end; withdrawn when any unit withdrew it."""
    promises: list[dict[str, Any]] = [one["promise"] for one in said]
    return next((one for one in promises if one["state"] == "withdrawn"), promises[-1])


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}


def brief(event: Event) -> dict[str, Any]:
    """An event in a few words; the rest is in its folder."""
    return {
        "id": event.id,
        "source": event.source,
        "level": event.level,
        "score": event.score,
        "start_ns": event.start_ns,
        "end_ns": event.end_ns,
        "reasons": [{key: one[key] for key in ("code", "share", "text")} for one in event.reasons],
    }
