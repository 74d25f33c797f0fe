"""What a frame and an event are as rows of a table.  Times in names: _ns [ns], _s [s], ms [ms]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from road_clarity.evaluation.criteria.facts import EGO_LINES
from road_clarity.pipeline.evidence.index_row import Entry
from road_clarity.pipeline.frame_row import Row

REASON = {"code": "string", "share": "float64"}
STAGE = {"stage": "string", "ms": "float64"}
# name -> type of Arrow; a mapping stands for a list of structs
FRAMES: Mapping[str, Any] = {
    "run": "string", "source": "string", "index": "int64", "stamp_ns": "int64",
    "step_s": "float64",  # since the frame before it in the recording; 0 for the first
    "level": "string", "score": "float64", "points": "float64", "promise": "string",
    "reason": "string", "reasons": REASON,
    "anomaly": "float64", "p_value": "float64", "surprise": "float64", "horizon_s": "float64",
    "lanes": "int64", "ego_lanes": "bool", "tracks": "int64", "latency": STAGE,
}  # fmt: skip
EVENTS: Mapping[str, Any] = {
    "run": "string", "id": "string", "source": "string", "start_ns": "int64", "end_ns": "int64",
    "peak_ns": "int64", "peak_index": "int64", "lasted_s": "float64", "level": "string",
    "score": "float64", "reason": "string", "reasons": REASON, "label": "string",
}  # fmt: skip


def frame_records(run: str, named: Iterable[tuple[str, Row]]) -> Iterator[dict[str, Any]]:
    """named: every row with the name of its recording"""
    before: tuple[str, int] | None = None
    for source, row in named:
        stamp_ns, risk = row["stamp_ns"], row["risk"]
        same = before is not None and before[0] == source
        lines = {one["id"] for one in row["lanes"] or []}
        yield {
            "run": run,
            "source": source,
            "index": row["index"],
            "stamp_ns": stamp_ns,
            "step_s": (stamp_ns - before[1]) * 1e-9 if before and same else 0.0,
            "level": risk["level"],
            "score": risk["score"],
            "points": risk["points"],
            "promise": risk["promise"]["state"],
            **told(risk["reasons"]),
            "anomaly": row["anomaly"]["score"],
            "p_value": row["anomaly"]["p_value"],
            "surprise": row["world"]["surprise"],
            "horizon_s": row["world"]["horizon_s"],
            "lanes": None if row["lanes"] is None else len(row["lanes"]),
            "ego_lanes": lines >= EGO_LINES,
            "tracks": None if row["tracks"] is None else len(row["tracks"]),
            "latency": [{"stage": name, "ms": ms} for name, ms in row["latency_ms"].items()],
        }
        before = source, stamp_ns


def event_records(run: str, entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """entries: of the run's evidence, with what people said of them"""
    for entry in entries:
        event = entry.event
        if event is None:  # damaged; `road-clarity events` says so
            continue
        yield {
            "run": run,
            "id": event.id,
            "source": event.source,
            "start_ns": event.start_ns,
            "end_ns": event.end_ns,
            "peak_ns": event.peak_ns,
            "peak_index": event.peak_index,
            "lasted_s": (event.end_ns - event.start_ns) * 1e-9,
            "level": event.level,
            "score": event.score,
            **told(event.reasons),
            "label": entry.label,
        }


def told(reasons: list[Row]) -> dict[str, Any]:
    """The largest reason, and all of them."""
    shares = [{"code": one["code"], "share": one["share"]} for one in reasons]
    return {"reason": shares[0]["code"] if shares else None, "reasons": shares}
