"""Which reasons made up an event: share x time, which adds up over reasons and over time.

A frame counts for the time until the next one, the last for as long as the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from road_clarity.pipeline.frame_row import Row

MOST_SPANS = 100
UNREADABLE = "score.missing"  # a score that is no number counts as 1, for this reason


@dataclass(frozen=True)
class Part:
    """One reason's part in the event.  Times: share x time [s]; stamps [ns]."""

    code: str
    share_s: float
    portion: float  # of all, 0..1
    first_ns: int
    last_ns: int
    largest_share: float
    largest_ns: int


@dataclass(frozen=True)
class Span:
    start_ns: int
    duration_s: float
    share_s: tuple[float, ...]  # in the order of parts


@dataclass(frozen=True)
class Course:
    duration_s: float
    score_s: float
    unknown_s: float
    parts: tuple[Part, ...]  # largest first
    spans: tuple[Span, ...]  # in order


def course(rows: Sequence[Row], most_spans: int = MOST_SPANS) -> Course:
    """rows: the frames of an event as they were recorded, in order, at least one"""
    weights = durations([row["stamp_ns"] for row in rows])
    shares = [shares_of(row) for row in rows]
    codes = sorted({code for one in shares for code in one})
    totals = {code: sum(s.get(code, 0.0) * w for s, w in zip(shares, weights, strict=True))
              for code in codes}  # fmt: skip
    score_s = sum(totals.values())
    codes.sort(key=lambda code: (-totals[code], code))
    parts = tuple(part(code, rows, shares, totals[code], score_s) for code in codes)
    unknown = [row["risk"]["level"] == "unknown" for row in rows]
    return Course(
        duration_s=sum(weights),
        score_s=score_s,
        unknown_s=sum(w for w, is_unknown in zip(weights, unknown, strict=True) if is_unknown),
        parts=parts,
        spans=tuple(spans(rows, shares, weights, codes, most_spans)),
    )


def durations(stamps: Sequence[int]) -> list[float]:
    """How long each frame counts [s]; where time jumps back, not at all."""
    gaps = [max(b - a, 0) * 1e-9 for a, b in zip(stamps, stamps[1:], strict=False)]
    return [*gaps, gaps[-1] if gaps else 0.0]


def shares_of(row: Row) -> dict[str, float]:
    """By code; a share that is no number counts as 1."""
    if row["risk"]["score"] is None:
        return {UNREADABLE: 1.0}
    found: dict[str, float] = {}
    for reason in row["risk"]["reasons"]:
        share = 1.0 if reason["share"] is None else float(reason["share"])
        found[reason["code"]] = found.get(reason["code"], 0.0) + share
    return found


def part(
    code: str, rows: Sequence[Row], shares: Sequence[dict[str, float]], total: float, all_s: float
) -> Part:
    spoke = [i for i, one in enumerate(shares) if code in one]
    largest = max(spoke, key=lambda i: shares[i][code])
    return Part(
        code,
        total,
        total / all_s if all_s > 0 else 0.0,
        rows[spoke[0]]["stamp_ns"],
        rows[spoke[-1]]["stamp_ns"],
        shares[largest][code],
        rows[largest]["stamp_ns"],
    )


def spans(
    rows: Sequence[Row], shares: Sequence[dict[str, float]], weights: Sequence[float],
    codes: Sequence[str], most: int,
) -> list[Span]:  # fmt: skip
    """At most so many, of equally many frames each."""
    size = -(-len(rows) // most)
    found = []
    for start in range(0, len(rows), size):
        inside = range(start, min(start + size, len(rows)))
        found.append(
            Span(
                rows[start]["stamp_ns"],
                sum(weights[i] for i in inside),
                tuple(sum(shares[i].get(code, 0.0) * weights[i] for i in inside) for code in codes),
            )
        )
    return found
