"""The server: the services on a run folder, with health and reflection.

Synchronous on purpose: grpc.aio leaks memory on cancelled streams (grpc/grpc#43360), and this one
runs for days.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.event import event_folders
from road_clarity.pipeline.run_folder import is_run
from road_clarity.service.access import ADMIN, VIEWER
from road_clarity.service.address import Tls, bind
from road_clarity.service.calibration_service import CalibrationServicer
from road_clarity.service.calls import tell_log
from road_clarity.service.errors import Refusal
from road_clarity.service.event_service import EventServicer
from road_clarity.service.event_store import EventStore
from road_clarity.service.explain_queue import WAITING, ExplainQueue
from road_clarity.service.explanation_service import ExplanationServicer
from road_clarity.service.gen import (
    calibration_service_pb2,
    event_service_pb2,
    explanation_service_pb2,
    model_service_pb2,
    risk_service_pb2,
)
from road_clarity.service.gen.calibration_service_pb2_grpc import (
    add_CalibrationServiceServicer_to_server,
)
from road_clarity.service.gen.event_service_pb2_grpc import add_EventServiceServicer_to_server
from road_clarity.service.gen.explanation_service_pb2_grpc import (
    add_ExplanationServiceServicer_to_server,
)
from road_clarity.service.gen.model_service_pb2_grpc import add_ModelServiceServicer_to_server
from road_clarity.service.gen.risk_service_pb2_grpc import add_RiskServiceServicer_to_server
from road_clarity.service.guard import Guard
from road_clarity.service.loading import PIPELINE
from road_clarity.service.metrics import Metrics
from road_clarity.service.model_service import ModelServicer
from road_clarity.service.picture import MAX_BYTES
from road_clarity.service.rate_limit import BURST, PER_S, RateLimit
from road_clarity.service.risk_service import MAX_STREAMS, RiskServicer
from road_clarity.service.run_log import RunLog
from road_clarity.service.subject import Subjects
from road_clarity.service.web.asked import Asked
from road_clarity.service.workshop import Loaders, Workshop

RISK, EVENTS, EXPLANATIONS, MODELS, CALIBRATIONS = (
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (risk_service_pb2, "RiskService"),
        (event_service_pb2, "EventService"),
        (explanation_service_pb2, "ExplanationService"),
        (model_service_pb2, "ModelService"),
        (calibration_service_pb2, "CalibrationService"),
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


@dataclass(frozen=True)
class Rules:
    """Who may do how much.  local_role: of callers without TLS, which only this machine has."""

    local_role: str = ADMIN
    calls_per_s: float = PER_S  # of one client; infinite for no limit
    burst: int = BURST  # calls that it may make at once


class Server:
    """Answers from start() to stop()."""

    def __init__(
        self,
        run: Path,
        address: str,
        tls: Tls | None = None,
        loaders: Loaders = PIPELINE,
        rules: Rules | None = None,
        metrics_port: int | None = None,
        calibrations: Path | None = None,
    ) -> None:
        """Listens, but does not answer yet.  Raises BadInput.

        loaders: what makes explanations; the first is loaded now, the others when asked for
        metrics_port: for Prometheus, on this machine only; 0 for any, None for none
        calibrations: the store, else the folder of that name beside the run
        """
        if not is_run(run) and not event_folders(run):
            raise BadInput(
                "run folder",
                run,
                "holds no frames.jsonl and no events; make one with `road-clarity replay`",
            )
        self._stopping = threading.Event()
        self._queue = ExplainQueue()
        self._health = health.HealthServicer(experimental_non_blocking=True)
        self._metrics = Metrics(lambda: self._queue.length)
        self.guard = guard(rules or Rules(), self._metrics)
        self._server = grpc.server(
            ThreadPoolExecutor(WORKERS, "grpc"), interceptors=(self.guard,), options=OPTIONS
        )
        try:
            self.port = bind(self._server, address, tls)
            self.metrics_port, self._stop_metrics = self._metrics.serve_if(metrics_port)
        except BadInput:
            self._queue.stop()
            raise
        workshop = Workshop(loaders, run)
        explainer = self._queue.first(workshop.explainer)
        log, events = RunLog(run), EventStore(run)
        calibration = CalibrationServicer(
            run, calibrations or run.absolute().parent / "calibrations"
        )
        subjects = Subjects(run, log, events)
        services = self._services(subjects, workshop, log, events, calibration)
        self._register(services)
        self.asked = Asked(
            run, re.sub(r":0$", f":{self.port}", address), log, events, self.guard,
            (rules or Rules()).local_role if tls is None else VIEWER,
            {name.rpartition(".")[2]: servicer for name, _, servicer in services},
        )  # fmt: skip
        explainer.add_done_callback(self._explanations_ready)

    def start(self) -> None:
        """Answer.  Explanations follow once their weights are loaded; health says when."""
        self._server.start()
        for name in (health.OVERALL_HEALTH, *self._names):
            if name != EXPLANATIONS:
                self._health.set(name, SERVING)

    @property
    def explaining(self) -> int:
        """Explanations that wait or are worked on."""
        return self._queue.length

    def stop(self, grace_s: float) -> None:
        """Say so, let calls finish for grace_s [s], then cut them off."""
        self._health.enter_graceful_shutdown()
        self._stopping.set()
        self._server.stop(grace_s)  # takes no new calls from here on
        self.guard.wait_until_idle(grace_s)
        self._server.stop(None).wait()  # ends those who only watch our health
        self._queue.stop()
        self._stop_metrics()

    def _services(
        self, subjects: Subjects, workshop: Workshop, log: RunLog, events: EventStore,
        calibration: CalibrationServicer,
    ) -> list[Registered]:  # fmt: skip
        """What is served: one line a service."""
        with suppress(Refusal):  # every call will say it
            log.marks()  # a long run is read now, not during the first call
        explain = ExplanationServicer(subjects, self._queue, workshop)
        models = ModelServicer(subjects, self._queue, workshop)
        return [
            (RISK, add_RiskServiceServicer_to_server, RiskServicer(log, self._stopping)),
            (EVENTS, add_EventServiceServicer_to_server, EventServicer(events, self._queue)),
            (EXPLANATIONS, add_ExplanationServiceServicer_to_server, explain),
            (MODELS, add_ModelServiceServicer_to_server, models),
            (CALIBRATIONS, add_CalibrationServiceServicer_to_server, calibration),
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

    def _explanations_ready(self, loaded: Future[Any]) -> None:
        failed = loaded.cancelled() or loaded.exception() is not None
        self._health.set(EXPLANATIONS, NOT_SERVING if failed else SERVING)


def guard(rules: Rules, metrics: Metrics) -> Guard:
    limit = RateLimit(rules.calls_per_s, rules.burst)
    return Guard(limit, rules.local_role, (tell_log, metrics.tell))
