"""ExplanationService: why, what if, and how far that can be believed, worked out on request."""

from __future__ import annotations

from functools import partial

import grpc

from road_clarity.pipeline.event_course import course
from road_clarity.service.comparison import comparison
from road_clarity.service.course_message import course_message
from road_clarity.service.errors import Refusal, invalid
from road_clarity.service.explain_queue import RESERVE_S, Deadline, ExplainQueue
from road_clarity.service.frame_explanation import (
    METHODS,
    RECONSTRUCTION_ERROR,
    WITH_MAPS,
    FrameExplanations,
    method_of,
)
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.subject import Subjects
from road_clarity.service.what_if import played_ahead, probed, times
from road_clarity.service.workshop import Workshop


class ExplanationServicer:
    """Contract: msgs/proto/road_clarity/v1/explanation_service.proto.

    All work is done on the queue's thread, unpacking included: one large picture at a time.
    """

    def __init__(self, subjects: Subjects, queue: ExplainQueue, workshop: Workshop) -> None:
        self._subjects, self._queue, self._workshop = subjects, queue, workshop
        self._frames = FrameExplanations(subjects, workshop)

    def ExplainFrame(
        self, request: pb.ExplainFrameRequest, context: grpc.ServicerContext
    ) -> pb.Explanation:
        method = method_of(request, tuple(METHODS))
        return self._queue.run(partial(self._frames.explain, request, method), context)

    def ScoreExplanation(
        self, request: pb.ScoreExplanationRequest, context: grpc.ServicerContext
    ) -> pb.ScoreExplanationResponse:
        asked = request.explanation
        method = method_of(asked, WITH_MAPS, "explanation.")
        return self._queue.run(partial(self._frames.scores, asked, method), context)

    def CompareExplanations(
        self, request: pb.CompareExplanationsRequest, context: grpc.ServicerContext
    ) -> pb.CompareExplanationsResponse:
        sides = request.one, request.other
        for name, side in zip(("one", "other"), sides, strict=True):
            if side.WhichOneof("frame") is None:
                raise invalid(f"{name}.frame", "give one of event_id, stamp_ns, index, image")
        methods = [
            method_of(side, WITH_MAPS, f"{name}.")
            for name, side in zip(("one", "other"), sides, strict=True)
        ]

        def work(deadline: Deadline) -> pb.CompareExplanationsResponse:
            found = []
            for side, method in zip(sides, methods, strict=True):
                deadline.check()
                found.append(self._frames.maps(side, method, deadline))
            return comparison(*found)

        return self._queue.run(work, context)

    def ProbeCounterfactual(
        self, request: pb.ProbeCounterfactualRequest, context: grpc.ServicerContext
    ) -> pb.ProbeCounterfactualResponse:
        times(request)  # what needs no run is refused without waiting in line

        def work(deadline: Deadline) -> pb.ProbeCounterfactualResponse:
            return probed(self._subjects, self._workshop.prober(), request, deadline)

        return self._queue.run(work, context)

    def play_ahead(self, event_id: str) -> None:
        """In idle time, what the first what-if question about an event would run."""
        request = pb.ProbeCounterfactualRequest(event_id=event_id)

        def work(deadline: Deadline) -> None:
            played_ahead(self._subjects, self._workshop.prober, request, deadline)

        self._queue.when_idle(work)

    def ExplainEvent(
        self, request: pb.ExplainEventRequest, context: grpc.ServicerContext
    ) -> pb.ExplainEventResponse:
        answer = course_message(request.event_id, course(self._subjects.rows(request.event_id)))
        asked = pb.ExplainFrameRequest(event_id=request.event_id)
        work = partial(self._frames.explain, asked, RECONSTRUCTION_ERROR)
        try:
            peak = self._queue.run(work, context, reserve_s=RESERVE_S)
        except Refusal as refusal:
            if not refusal.is_late:
                raise
            answer.truncated_by_deadline = True
        else:
            answer.peak.CopyFrom(peak)
        return answer

    def ListMethods(
        self, request: pb.ListMethodsRequest, context: grpc.ServicerContext
    ) -> pb.ListMethodsResponse:
        methods = [
            pb.ListMethodsResponse.Method(name=name, text=text) for name, text in METHODS.items()
        ]
        return pb.ListMethodsResponse(methods=methods)
