"""The course of the risk in few numbers: least and most of every stretch, so no peak is lost."""

from __future__ import annotations

from collections.abc import Iterable

from road_clarity.service import messages
from road_clarity.service.gen import risk_service_pb2 as pb
from road_clarity.service.run_log import Mark

MAX_BUCKETS = 10_000


def cut(
    marks: Iterable[Mark], start_ns: int, end_ns: int, count: int
) -> list[pb.QueryRiskSeriesResponse.Bucket]:
    """`count` equal parts of start_ns..end_ns, both included [ns]; those without frames left out.

    Nothing is left of a span that ends before it begins.  A score that could not be computed counts
    as 1.
    """
    length_ns = max(-(-(end_ns + 1 - start_ns) // count), 1)
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        if start_ns <= mark.stamp_ns <= end_ns:
            found.setdefault((mark.stamp_ns - start_ns) // length_ns, []).append(mark)
    return [
        bucket(start_ns + number * length_ns, length_ns, found[number]) for number in sorted(found)
    ]


def bucket(start_ns: int, length_ns: int, marks: list[Mark]) -> pb.QueryRiskSeriesResponse.Bucket:
    scores = [1.0 if mark.score != mark.score else mark.score for mark in marks]
    return pb.QueryRiskSeriesResponse.Bucket(
        start_ns=start_ns,
        end_ns=start_ns + length_ns,
        frames=len(marks),
        min_score=min(scores),
        max_score=max(scores),
        worst_level=max(messages.level_of(mark.level) for mark in marks),
    )
