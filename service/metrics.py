"""Numbers about the calls, for Prometheus to fetch from this machine."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from road_clarity.pipeline.metrics_page import serve
from road_clarity.service.access import LEAST_ROLE
from road_clarity.service.calls import Call

SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)  # upper ends of the histogram's parts
OTHER = "other"  # methods that do not exist: a caller must not choose how many labels there are


class Metrics:
    """A registry of its own, so that two servers in one process do not mix."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        """waiting: how many explanations are in the line now."""
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "road_clarity_calls", "Calls that ended", ("method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "road_clarity_call_seconds",
            "Time from a call's beginning to its end",
            ("method",),
            buckets=SECONDS,
            registry=self.registry,
        )
        queue = Gauge(
            "road_clarity_explain_queue",
            "Explanations in the line, the one worked on included",
            registry=self.registry,
        )
        queue.set_function(waiting)

    def tell(self, call: Call) -> None:
        method = call.method if call.method in LEAST_ROLE else OTHER
        self._calls.labels(method, call.status).inc()
        self._seconds.labels(method).observe(call.ms * 1e-3)

    def serve_if(self, port: int | None) -> tuple[int | None, Callable[[], None]]:
        """serve(), unless there is no port.  Raises BadInput."""
        return (None, lambda: None) if port is None else self.serve(port)

    def serve(self, port: int) -> tuple[int, Callable[[], None]]:
        """On 127.0.0.1: the port it got, and what ends it.  Raises BadInput."""
        return serve(self.registry, port, "give another with --metrics-port")
