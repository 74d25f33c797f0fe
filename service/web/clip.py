"""The frames around a moment: what the page plays."""

from __future__ import annotations

from collections.abc import Sequence

from road_clarity.service.run_log import Mark

AROUND_NS = 2_000_000_000  # that is shown before and after [ns]
MOST_FRAMES = 400  # in one clip


def clip(marks: Sequence[Mark], first: int, last: int, peak: int) -> Sequence[Mark]:
    """Frames first..last by number, and those up to 2 s around them.

    A clip longer than 400 frames is cut to those around the peak; jumps in time end it.
    """
    start = reach(marks, first, -1)
    end = reach(marks, last, +1) + 1
    if end - start > MOST_FRAMES:
        start = min(max(peak - MOST_FRAMES // 2, start), end - MOST_FRAMES)
        end = start + MOST_FRAMES
    return marks[start:end]


def reach(marks: Sequence[Mark], at: int, step: int) -> int:
    """How far one can go from frame `at` in steps of +1 or -1."""
    begin_ns = marks[at].stamp_ns
    while 0 <= at + step < len(marks):
        before_ns, next_ns = marks[at].stamp_ns, marks[at + step].stamp_ns
        if (next_ns - before_ns) * step < 0 or abs(next_ns - begin_ns) > AROUND_NS:
            break
        at += step
    return at
