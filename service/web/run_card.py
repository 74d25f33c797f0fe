"""What is served: name and span of the run, the weights behind its numbers, what can be asked."""

from __future__ import annotations

import json
from typing import Any

from road_clarity.pipeline.run_folder import SUMMARY
from road_clarity.safety.level import LEVELS
from road_clarity.service.gen.event_service_pb2 import ListEventsRequest
from road_clarity.service.gen.explanation_service_pb2 import ListMethodsRequest
from road_clarity.service.pages import MAX_SIZE
from road_clarity.service.web.asked import Asked
from road_clarity.service.web.shown import shown


def run_card(asked: Asked) -> dict[str, Any]:
    """Raises Refusal when the run was taken away."""
    marks = asked.log.marks()
    summary = summary_of(asked)
    events = newest_events(asked)
    newest = asked.log.row(marks[-1]) if marks else None
    methods = asked.ask("ExplanationService/ListMethods", ListMethodsRequest())
    return {
        "name": asked.run.absolute().name,
        "folder": str(asked.run),
        "address": asked.address,
        "frames": len(marks),
        "first_ns": min((mark.stamp_ns for mark in marks), default=0),
        "last_ns": max((mark.stamp_ns for mark in marks), default=0),
        "complete": asked.log.complete(),
        "digest": summary.get("digest"),
        "models": summary.get("models") or models_of(events),
        "calibration_id": newest["anomaly"]["calibration_id"] if newest else None,
        "sources": sorted({event["source"] for event in events}),
        "codes": sorted({reason["code"] for event in events for reason in event["reasons"]}),
        "levels": list(LEVELS),
        "methods": shown(methods)["methods"],
        "calls": asked.calls(),
    }


def newest_events(asked: Asked) -> list[dict[str, Any]]:
    """Those that the filters are made of."""
    request = ListEventsRequest(page_size=MAX_SIZE, order_by="start_ns desc")
    found: list[dict[str, Any]] = shown(asked.ask("EventService/ListEvents", request))["events"]
    return found


def models_of(events: list[dict[str, Any]]) -> dict[str, Any]:
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
