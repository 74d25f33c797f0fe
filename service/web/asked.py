"""Whom the page asks: the stores and servicers of one run, the same that gRPC asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from road_clarity.service.access import admit
from road_clarity.service.errors import Refusal
from road_clarity.service.event_store import EventStore
from road_clarity.service.gen import event_service_pb2, explanation_service_pb2, model_service_pb2
from road_clarity.service.guard import Guard
from road_clarity.service.run_log import RunLog
from road_clarity.service.web.local_call import LocalCall

# What the page may call by name; nothing else can be called.
CALLS = {
    "ExplainEvent": "ExplanationService/ExplainEvent",
    "ExplainFrame": "ExplanationService/ExplainFrame",
    "ScoreExplanation": "ExplanationService/ScoreExplanation",
    "CompareExplanations": "ExplanationService/CompareExplanations",
    "ProbeCounterfactual": "ExplanationService/ProbeCounterfactual",
    "SearchSimilarEvents": "EventService/SearchSimilarEvents",
    "LabelEvent": "EventService/LabelEvent",
    "PinEvent": "EventService/PinEvent",
    "ListModels": "ModelService/ListModels",
}
SERVICES = {
    name: service
    for module in (event_service_pb2, explanation_service_pb2, model_service_pb2)
    for name, service in module.DESCRIPTOR.services_by_name.items()
}


@dataclass(frozen=True)
class Asked:
    """One run and those who answer about it.

    address: HOST:PORT where gRPC asks them; role: what the page may do; servicers: by their name
    """

    run: Path
    address: str
    log: RunLog
    store: EventStore
    guard: Guard
    role: str
    servicers: Mapping[str, Any]

    def ask(self, method: str, request: Message) -> Any:
        """method: EventService/GetEvent.  Raises Refusal."""
        service, _, name = method.partition("/")
        found = getattr(self.servicers[service], name)
        return self.guard.ask(method, found, request, LocalCall(), self.role)

    def calls(self) -> list[str]:
        """Those of CALLS that the page's role may make."""
        return sorted(name for name, method in CALLS.items() if self._may(method))

    def _may(self, method: str) -> bool:
        try:
            admit(method, self.role)
        except Refusal:
            return False
        return True


def request_class(method: str) -> Any:
    """The class of a method's requests."""
    service, _, name = method.partition("/")
    return GetMessageClass(SERVICES[service].methods_by_name[name].input_type)
