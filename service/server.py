"""The server: four services on a run folder, with health and reflection.

Synchronous on purpose: grpc.aio leaks memory on cancelled streams (grpc/grpc#43360), and this one
runs for days.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.run_folder import is_run
from road_clarity.service.address import Tls, bind
from road_clarity.service.calibration_service import CalibrationServicer
from road_clarity.service.errors import Refusal
from road_clarity.service.event_service import EventServicer
from road_clarity.service.event_store import EventStore
from road_clarity.service.explain_queue import WAITING, ExplainQueue
from road_clarity.service.explainer import Explainer, MapMaker, SheetDrawer
from road_clarity.service.explanation_service import ExplanationServicer
from road_clarity.service.gen import (
    calibration_service_pb2,
    calibration_service_pb2_grpc,
    event_service_pb2,
    event_service_pb2_grpc,
    explanation_service_pb2,
    explanation_service_pb2_grpc,
    risk_service_pb2,
    risk_service_pb2_grpc,
)
from road_clarity.service.guard import Guard
from road_clarity.service.picture import MAX_BYTES
from road_clarity.service.risk_service import MAX_STREAMS, RiskServicer
from road_clarity.service.run_log import RunLog
from road_clarity.service.subject import Subjects

RISK, EVENTS, EXPLANATIONS, CALIBRATIONS = (
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (risk_service_pb2, "RiskService"),
        (event_service_pb2, "EventService"),
        (explanation_service_pb2, "ExplanationService"),
        (calibration_service_pb2, "CalibrationService"),
    )
)
QUICK_CALLS = 8  # at a time, besides streams and explanations
WORKERS = MAX_STREAMS + 1 + WAITING + QUICK_CALLS
OPTIONS = (
    ("grpc.so_reuseport", 0),  # a port that is taken is an error, not shared
    ("grpc.max_receive_message_length", MAX_BYTES + (1 << 20)),
)
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
        calibrations: Path | None = None,
    ) -> None:
        """Listens, but does not answer yet.  Raises BadInput.

        calibrations: the store, else the folder of that name beside the run

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
        self._add_services(run, self._queue.first(load), load_maps, load_sheets)
        store = calibrations or run.absolute().parent / "calibrations"
        calibration = CalibrationServicer(run, store)
        calibration_service_pb2_grpc.add_CalibrationServiceServicer_to_server(
            calibration, self._server
        )

    def start(self) -> None:
        """Answer.  Explanations follow once their weights are loaded; health says when."""
        self._server.start()
        for name in (health.OVERALL_HEALTH, RISK, EVENTS, CALIBRATIONS):
            self._health.set(name, SERVING)

    def stop(self, grace_s: float) -> None:
        """Say so, let calls finish for grace_s [s], then cut them off."""
        self._health.enter_graceful_shutdown()
        self._stopping.set()
        self._server.stop(grace_s)  # takes no new calls from here on
        self._guard.wait_until_idle(grace_s)
        self._server.stop(None).wait()  # ends those who only watch our health
        self._queue.stop()

    def _add_services(
        self, run: Path, explainer: Future[Explainer], load_maps: Callable[[], MapMaker],
        load_sheets: Callable[[], SheetDrawer],
    ) -> None:  # fmt: skip
        log, events = RunLog(run), EventStore(run)
        with suppress(Refusal):  # every call will say it
            log.marks()  # a long run is read now, not during the first call
        risk = RiskServicer(log, self._stopping)
        risk_service_pb2_grpc.add_RiskServiceServicer_to_server(risk, self._server)
        event = EventServicer(events)
        event_service_pb2_grpc.add_EventServiceServicer_to_server(event, self._server)
        subjects = Subjects(run, log, events)
        explain = ExplanationServicer(subjects, self._queue, explainer, load_maps, load_sheets)
        explanation_service_pb2_grpc.add_ExplanationServiceServicer_to_server(explain, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for name in (health.OVERALL_HEALTH, RISK, EVENTS, EXPLANATIONS, CALIBRATIONS):
            self._health.set(name, NOT_SERVING)
        explainer.add_done_callback(self._explanations_ready)
        names = (
            RISK,
            EVENTS,
            EXPLANATIONS,
            CALIBRATIONS,
            health.SERVICE_NAME,
            reflection.SERVICE_NAME,
        )
        reflection.enable_server_reflection(names, self._server)

    def _explanations_ready(self, loaded: Future[Explainer]) -> None:
        failed = loaded.cancelled() or loaded.exception() is not None
        self._health.set(EXPLANATIONS, NOT_SERVING if failed else SERVING)
