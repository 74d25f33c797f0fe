"""The server: three services on a run folder, with health and reflection.

Synchronous on purpose: grpc.aio leaks memory on cancelled streams (grpc/grpc#43360), and this one
runs for days.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.run_folder import is_run
from road_clarity.service.address import Tls, bind
from road_clarity.service.errors import Refusal
from road_clarity.service.event_service import EventServicer
from road_clarity.service.event_store import EventStore
from road_clarity.service.explain_queue import WAITING, ExplainQueue
from road_clarity.service.explainer import Explainer, MapMaker, SheetDrawer
from road_clarity.service.explanation_service import ExplanationServicer
from road_clarity.service.gen import (
    event_service_pb2,
    explanation_service_pb2,
    risk_service_pb2,
)
from road_clarity.service.gen.event_service_pb2_grpc import add_EventServiceServicer_to_server
from road_clarity.service.gen.explanation_service_pb2_grpc import (
    add_ExplanationServiceServicer_to_server,
)
from road_clarity.service.gen.risk_service_pb2_grpc import add_RiskServiceServicer_to_server
from road_clarity.service.guard import Guard
from road_clarity.service.picture import MAX_BYTES
from road_clarity.service.risk_service import MAX_STREAMS, RiskServicer
from road_clarity.service.run_log import RunLog
from road_clarity.service.subject import Subjects

RISK, EVENTS, EXPLANATIONS = (
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (risk_service_pb2, "RiskService"),
        (event_service_pb2, "EventService"),
        (explanation_service_pb2, "ExplanationService"),
    )
)
QUICK_CALLS = 8  # at a time, besides streams and explanations
WORKERS = MAX_STREAMS + 1 + WAITING + QUICK_CALLS
OPTIONS = (
    ("grpc.so_reuseport", 0),  # a port that is taken is an error, not shared
    ("grpc.max_receive_message_length", MAX_BYTES + (1 << 20)),
)
# A service's full name, what adds its servicer to a server, and the servicer.
Registered = tuple[str, Callable[[Any, grpc.Server], None], Any]
SERVING, NOT_SERVING = (
    health_pb2.HealthCheckResponse.SERVING,
    health_pb2.HealthCheckResponse.NOT_SERVING,
)


def load_world_model() -> Explainer:
    """Raises BadInput when its weights cannot be used."""
    from road_clarity.service.world_explainer import WorldExplainer  # torch takes seconds to import

    return WorldExplainer()


def load_networks() -> MapMaker:
    """Raises BadInput when their weights cannot be used."""
    from road_clarity.service.network_explainer import NetworkExplainer

    return NetworkExplainer()


def load_world_sheets() -> SheetDrawer:
    """Raises BadInput when its weights cannot be used."""
    from road_clarity.service.sheet_explainer import WorldSheets

    return WorldSheets()


class Server:
    """Answers from start() to stop()."""

    def __init__(
        self,
        run: Path,
        address: str,
        tls: Tls | None = None,
        load: Callable[[], Explainer] = load_world_model,
        load_maps: Callable[[], MapMaker] = load_networks,
        load_sheets: Callable[[], SheetDrawer] = load_world_sheets,
    ) -> None:
        """Listens, but does not answer yet.  Raises BadInput.

        load: makes the explainer, now; load_maps, load_sheets: what draws these, when first asked
        for
        """
        if not is_run(run):
            raise BadInput(
                "run folder", run, "holds no frames.jsonl; make one with `road-clarity replay`"
            )
        self._stopping = threading.Event()
        self._queue = ExplainQueue()
        self._health = health.HealthServicer(experimental_non_blocking=True)
        self._guard = Guard()
        self._server = grpc.server(
            ThreadPoolExecutor(WORKERS, "grpc"), interceptors=(self._guard,), options=OPTIONS
        )
        self.port = bind(self._server, address, tls)
        explainer = self._queue.first(load)
        self._register(self._services(run, explainer, load_maps, load_sheets))
        explainer.add_done_callback(self._explanations_ready)

    def start(self) -> None:
        """Answer.  Explanations follow once their weights are loaded; health says when."""
        self._server.start()
        for name in (health.OVERALL_HEALTH, *self._names):
            if name != EXPLANATIONS:
                self._health.set(name, SERVING)

    def stop(self, grace_s: float) -> None:
        """Say so, let calls finish for grace_s [s], then cut them off."""
        self._health.enter_graceful_shutdown()
        self._stopping.set()
        self._server.stop(grace_s)  # takes no new calls from here on
        self._guard.wait_until_idle(grace_s)
        self._server.stop(None).wait()  # ends those who only watch our health
        self._queue.stop()

    def _services(
        self, run: Path, explainer: Future[Explainer], load_maps: Callable[[], MapMaker],
        load_sheets: Callable[[], SheetDrawer],
    ) -> list[Registered]:  # fmt: skip
        """What is served: one line a service."""
        log, events = RunLog(run), EventStore(run)
        with suppress(Refusal):  # every call will say it
            log.marks()  # a long run is read now, not during the first call
        subjects = Subjects(run, log, events)
        explain = ExplanationServicer(subjects, self._queue, explainer, load_maps, load_sheets)
        return [
            (RISK, add_RiskServiceServicer_to_server, RiskServicer(log, self._stopping)),
            (EVENTS, add_EventServiceServicer_to_server, EventServicer(events)),
            (EXPLANATIONS, add_ExplanationServiceServicer_to_server, explain),
        ]

    def _register(self, services: Sequence[Registered]) -> None:
        """Every service with its health, then health and reflection themselves."""
        self._names = [name for name, _, _ in services]
        for _, add, servicer in services:
            add(servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for name in (health.OVERALL_HEALTH, *self._names):
            self._health.set(name, NOT_SERVING)
        known = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(known, self._server)

    def _explanations_ready(self, loaded: Future[Explainer]) -> None:
        failed = loaded.cancelled() or loaded.exception() is not None
        self._health.set(EXPLANATIONS, NOT_SERVING if failed else SERVING)
