"""Share x time: what made up an event, adding up over reasons and over time."""

import pytest

from road_clarity.pipeline.event_course import course, durations


def row(stamp_ms, *shares, level="high", score=0.0):
    reasons = [{"code": code, "share": share, "region": None, "text": ""} for code, share in shares]
    return {"stamp_ns": stamp_ms * 1_000_000, "risk": {
        "score": score, "level": level, "reasons": reasons}}  # fmt: skip


EVENT = [
    row(0, ("person", 0.5)),
    row(1000, ("person", 0.25), ("lane", 0.25)),
    row(3000, ("lane", 0.5), level="unknown"),
]


def test_a_frame_counts_until_the_next_and_the_last_as_long_as_the_one_before():
    assert durations([0, 1_000_000_000, 3_000_000_000]) == [1.0, 2.0, 2.0]
    assert durations([7]) == [0.0]
    assert durations([5, 3]) == [0.0, 0.0]


def test_parts_add_up_to_the_score_over_time():
    found = course(EVENT)
    assert [(part.code, part.share_s) for part in found.parts] == [("lane", 1.5), ("person", 1.0)]
    assert (found.score_s, found.duration_s, found.unknown_s) == (2.5, 5.0, 2.0)
    assert [part.portion for part in found.parts] == [0.6, 0.4]


def test_a_part_knows_when_it_spoke_and_when_loudest():
    lane = course(EVENT).parts[0]
    assert (lane.first_ns, lane.last_ns) == (1_000_000_000, 3_000_000_000)
    assert (lane.largest_ns, lane.largest_share) == (3_000_000_000, 0.5)


def test_spans_add_up_to_the_parts():
    rows = [row(100 * i, ("a", i / 1000), ("b", 0.5)) for i in range(250)]
    found = course(rows)
    assert len(found.spans) <= 100
    for number, part in enumerate(found.parts):
        assert sum(span.share_s[number] for span in found.spans) == pytest.approx(part.share_s)


def test_a_score_that_is_no_number_counts_as_the_worst():
    (part,) = course([row(0, score=None), row(1000, score=None)]).parts
    assert (part.code, part.share_s) == ("score.missing", 2.0)


def test_a_frame_that_stands_alone_takes_no_time():
    found = course([row(0, ("a", 0.5))])
    assert (found.score_s, found.parts[0].portion) == (0.0, 0.0)
