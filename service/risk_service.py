"""RiskService: the risk of every frame of the run, also while it is still being recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc
from google.rpc import code_pb2

from road_clarity.service import messages
from road_clarity.service.errors import Refusal, error_info, invalid, not_ready, outside
from road_clarity.service.gen import risk_service_pb2 as pb
from road_clarity.service.gen.scene_pb2 import RiskState
from road_clarity.service.places import Places
from road_clarity.service.run_log import Mark, RunLog, newest_at
from road_clarity.service.series import MAX_BUCKETS, cut

MAX_STREAMS = 16
POLL_S = 0.1  # how often a stream that follows looks for new frames [s]
MAX_INTERVAL_S = 3600.0
DEFAULT_BUCKETS = 100


class RiskServicer:
    """Contract: msgs/proto/road_clarity/v1/risk_service.proto."""

    def __init__(self, log: RunLog, stopping: threading.Event) -> None:
        """stopping: set when streams are to end because the server does."""
        self._log, self._stopping = log, stopping
        self._places = Places(MAX_STREAMS, f"{MAX_STREAMS} streams are open", retry_s=5.0)

    def GetRiskState(
        self, request: pb.GetRiskStateRequest, context: grpc.ServicerContext
    ) -> RiskState:
        marks = self._recorded()
        if not request.HasField("stamp_ns"):
            return messages.risk_state(self._log.row(marks[-1]))
        mark = newest_at(marks, request.stamp_ns)
        if mark is None:
            raise outside("stamp_ns", *span(marks))
        return messages.risk_state(self._log.row(mark))

    def StreamRisk(
        self, request: pb.StreamRiskRequest, context: grpc.ServicerContext
    ) -> Iterator[RiskState]:
        sieve = Sieve(request)
        with self._places.taken():
            for mark in self._frames(request, context):
                if sieve.lets_through(mark):
                    yield messages.risk_state(self._log.row(mark))

    def QueryRiskSeries(
        self, request: pb.QueryRiskSeriesRequest, context: grpc.ServicerContext
    ) -> pb.QueryRiskSeriesResponse:
        if not 0 <= request.buckets <= MAX_BUCKETS:
            raise invalid("buckets", f"must be in 0..{MAX_BUCKETS}, got {request.buckets}")
        marks = self._recorded()
        first, last = span(marks)
        start_ns = max(first, request.start_ns if request.HasField("start_ns") else first)
        end_ns = min(last, request.end_ns if request.HasField("end_ns") else last)
        if request.HasField("end_ns") and request.end_ns < request.start_ns:
            raise invalid("end_ns", f"must not be before start_ns, {request.start_ns}")
        buckets = cut(marks, start_ns, end_ns, request.buckets or DEFAULT_BUCKETS)
        return pb.QueryRiskSeriesResponse(buckets=buckets)

    def _recorded(self) -> list[Mark]:
        """Raises Refusal while there is nothing yet."""
        marks = self._log.marks()
        if not marks:
            raise not_ready(
                "NO_FRAMES", "the run has no frames yet; try again, or follow StreamRisk"
            )
        return marks

    def _frames(
        self, request: pb.StreamRiskRequest, context: grpc.ServicerContext
    ) -> Iterator[Mark]:
        """From where the request wants to resume; waits for more when it wants to follow."""
        marks = self._log.marks()
        at = resume_at(marks, request.after_stamp_ns) if request.HasField("after_stamp_ns") else 0
        while context.is_active():
            complete = self._log.complete()  # asked first: frames that come after it are seen below
            if self._log.marks() is not marks:
                raise stream_ended("RUN_REPLACED", "another run took this one's place; start again")
            new = marks[at:]
            at += len(new)
            yield from new
            if complete or not request.follow:
                return
            if self._stopping.wait(POLL_S):
                raise stream_ended("STOPPING", "the server stops; resume with after_stamp_ns")


def span(marks: list[Mark]) -> tuple[int, int]:
    """Smallest and largest stamp [ns]."""
    return min(mark.stamp_ns for mark in marks), max(mark.stamp_ns for mark in marks)


def resume_at(marks: list[Mark], after_ns: int) -> int:
    """Place of the first frame for someone who has all up to after_ns [ns].

    Where stamps jumped back, frames may come twice, but none is left out.
    """
    later = (place for place, mark in enumerate(marks) if mark.stamp_ns > after_ns)
    received = (place + 1 for place, mark in enumerate(marks) if mark.stamp_ns == after_ns)
    return next(received, next(later, len(marks)))


def stream_ended(reason: str, text: str) -> Refusal:
    return Refusal(code_pb2.UNAVAILABLE, text, error_info(reason))


class Sieve:
    """Which frames of a stream are sent."""

    def __init__(self, request: pb.StreamRiskRequest) -> None:
        """Raises Refusal."""
        if not 0.0 <= request.min_interval_s <= MAX_INTERVAL_S:
            raise invalid("min_interval_s", f"must be in 0..{MAX_INTERVAL_S:g}")
        if not 0 <= request.min_level < len(messages.LEVEL_NAMES):
            raise invalid("min_level", "is no RiskLevel")
        self._interval_ns = request.min_interval_s * 1e9
        self._min_level = request.min_level
        self._sent_ns: int | None = None
        self._level = ""

    def lets_through(self, mark: Mark) -> bool:
        changed, self._level = mark.level != self._level, mark.level
        if messages.level_of(mark.level) < self._min_level:
            return False
        since_ns = None if self._sent_ns is None else mark.stamp_ns - self._sent_ns
        if not changed and since_ns is not None and 0 <= since_ns < self._interval_ns:
            return False
        self._sent_ns = mark.stamp_ns
        return True
