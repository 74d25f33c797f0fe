"""What is served: name and span of the run, the weights behind its numbers, what can be asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from road_clarity.pipeline.run_folder import SUMMARY, is_run
from road_clarity.safety.level import LEVELS
from road_clarity.service.gen.event_service_pb2 import ListEventsRequest
from road_clarity.service.gen.explanation_service_pb2 import ListMethodsRequest
from road_clarity.service.pages import MAX_SIZE
from road_clarity.service.run_log import Mark
from road_clarity.service.web.asked import Asked
from road_clarity.service.web.shown import shown


def run_card(asked: Asked) -> dict[str, Any]:
    """Raises Refusal when the run was taken away."""
    marks, events, summary = frames(asked), newest_events(asked), summary_of(asked)
    methods = asked.ask("ExplanationService/ListMethods", ListMethodsRequest())
    first_ns, last_ns = span(marks, events)
    return {
        "name": asked.run.absolute().name,
        "folder": str(asked.run),
        "address": asked.address,
        "frames": len(marks),
        "first_ns": first_ns,
        "last_ns": last_ns,
        "complete": asked.log.complete(),
        "digest": summary.get("digest"),
        "models": summary.get("models") or models_of(events),
        "calibration_id": calibration_of(asked, marks),
        "sources": sorted({event["source"] for event in events}),
        "codes": sorted({reason["code"] for event in events for reason in event["reasons"]}),
        "levels": list(LEVELS),
        "methods": shown(methods)["methods"],
        "calls": asked.calls(),
    }


def frames(asked: Asked) -> list[Mark]:
    """None in an evidence folder, which holds events only.  Raises Refusal."""
    return asked.log.marks() if is_run(asked.run) else []


def first_stamp(asked: Asked) -> int:
    """Where the page's time begins [ns].  Raises Refusal."""
    marks = frames(asked)
    return span(marks, [] if marks else newest_events(asked))[0]


def span(marks: Sequence[Mark], events: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """First and last stamp of the frames; of the events, where there are no frames [ns]."""
    stamps = [mark.stamp_ns for mark in marks] or [
        event[name] for event in events for name in ("start_ns", "end_ns")
    ]
    return min(stamps, default=0), max(stamps, default=0)


def calibration_of(asked: Asked, marks: Sequence[Mark]) -> str | None:
    """Of the world model, in the newest frame.  Raises Refusal."""
    if not marks:
        return None
    found: str | None = asked.log.row(marks[-1])["anomaly"]["calibration_id"]
    return found


def newest_events(asked: Asked) -> list[dict[str, Any]]:
    """Those that the filters are made of.  Raises Refusal."""
    request = ListEventsRequest(page_size=MAX_SIZE, order_by="start_ns desc")
    found: list[dict[str, Any]] = shown(asked.ask("EventService/ListEvents", request))["events"]
    return found


def models_of(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """As the summary has them."""
    newest = events[0]["models"] if events else []
    return {one["name"]: {"sha256": one["sha256"]} for one in newest}


def summary_of(asked: Asked) -> dict[str, Any]:
    """Empty while the run goes on, and where it cannot be read: the page says less then."""
    try:
        found = json.loads((asked.run / SUMMARY).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
