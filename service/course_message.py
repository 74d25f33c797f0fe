"""The course of an event as a message of the protocol."""

from __future__ import annotations

from road_clarity.pipeline.event_course import Course
from road_clarity.service.gen import explanation_service_pb2 as pb


def course_message(event_id: str, found: Course) -> pb.ExplainEventResponse:
    """Without the peak."""
    return pb.ExplainEventResponse(
        event_id=event_id,
        duration_s=found.duration_s,
        score_s=found.score_s,
        unknown_s=found.unknown_s,
        parts=[
            pb.ExplainEventResponse.Part(
                code=part.code,
                share_s=part.share_s,
                portion=part.portion,
                first_ns=part.first_ns,
                last_ns=part.last_ns,
                largest_share=part.largest_share,
                largest_ns=part.largest_ns,
            )
            for part in found.parts
        ],
        spans=[
            pb.ExplainEventResponse.Span(
                start_ns=span.start_ns, duration_s=span.duration_s, share_s=span.share_s
            )
            for span in found.spans
        ],
    )
