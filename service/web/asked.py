"""Whom the page asks: the stores and servicers of one run, the same that gRPC asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from road_clarity.service.event_service import EventServicer
from road_clarity.service.event_store import EventStore
from road_clarity.service.explanation_service import ExplanationServicer
from road_clarity.service.gen import event_service_pb2, explanation_service_pb2
from road_clarity.service.risk_service import RiskServicer
from road_clarity.service.run_log import RunLog

Method = tuple[
    Callable[[Any, Any], Any], Any
]  # the servicer's method, and the class of its request


@dataclass(frozen=True)
class Asked:
    """One run and those who answer about it.  address: HOST:PORT where gRPC asks them."""

    run: Path
    address: str
    log: RunLog
    store: EventStore
    risk: RiskServicer
    events: EventServicer
    explanations: ExplanationServicer

    @cached_property
    def methods(self) -> Mapping[str, Method]:
        """What the page may call by name; nothing else can be called."""
        explain, event = explanation_service_pb2, event_service_pb2
        return {
            "ExplainFrame": (self.explanations.ExplainFrame, explain.ExplainFrameRequest),
            "LabelEvent": (self.events.LabelEvent, event.LabelEventRequest),
            "PinEvent": (self.events.PinEvent, event.PinEventRequest),
            "SearchSimilarEvents": (
                self.events.SearchSimilarEvents, event.SearchSimilarEventsRequest,
            ),
        }  # fmt: skip
