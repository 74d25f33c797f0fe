"""How hard a frame was, in three ways, and the clips around the hardest ones.

risk            the score of the frame; 1 where something was at fault
disagreement    shares of the reasons in which two modules contradict each other
novelty         how rare calm frames are that are as strange, in powers of ten of the p-value
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from road_clarity.pipeline.frame_row import Row
from road_clarity.safety.event_table import entry

RISK, DISAGREEMENT, NOVELTY = "risk", "disagreement", "novelty"
RANKINGS = (RISK, DISAGREEMENT, NOVELTY)
# One module says somebody or a road is there, another one does not see it.
CONTRADICTIONS = frozenset({"lane.no_road", "track.uncertain", "corridor.intrusion"})
LEAST_P, NOVEL_P = 1e-6, 0.1  # p-values below are equally rare; those above are not novel
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Hard:
    """One frame, and how hard it was."""

    run: int  # its place among the runs
    source: str
    span: tuple[int, int]  # first and last stamp of its recording [ns]
    index: int
    stamp_ns: int
    values: Mapping[str, float]  # by ranking
    surprise: float  # which of two equally hard frames is harder


@dataclass(frozen=True)
class Clip:
    """A stretch of one recording, and why it was taken."""

    frame: Hard
    why: str  # one of RANKINGS
    start_ns: int
    end_ns: int

    def overlaps(self, other: Clip) -> bool:
        same = (self.frame.run, self.frame.source) == (other.frame.run, other.frame.source)
        return same and self.start_ns <= other.end_ns and other.start_ns <= self.end_ns


def values_of(row: Row) -> dict[str, float]:
    """By ranking; 0 where nothing is hard.  Frames that only warm up are not hard."""
    reasons, score = row["risk"]["reasons"], row["risk"]["score"]
    severities = {entry(one["code"]).severity for one in reasons}
    warming = "starting" in severities and "unknown" not in severities
    p_value = row["anomaly"]["p_value"]
    told = sum(one["share"] or 0.0 for one in reasons if one["code"] in CONTRADICTIONS)
    return {
        RISK: 0.0 if warming else 1.0 if score is None else score,
        DISAGREEMENT: told,
        NOVELTY: 0.0 if p_value is None or p_value > NOVEL_P else decades(p_value),
    }


def decades(p_value: float) -> float:
    return -math.log10(max(p_value, LEAST_P))


def hardest(frames: Sequence[Hard], top: int, seconds: float) -> list[Clip]:
    """At most `top` clips that do not overlap, in the order in which they were taken.

    The rankings take turns, so that one of them alone does not fill the list.
    """
    lists = {ranking: iter(ranked(frames, ranking)) for ranking in RANKINGS}
    taken: list[Clip] = []
    while lists and len(taken) < top:
        for ranking in list(lists):
            clip = next_clip(lists[ranking], ranking, seconds, taken)
            if clip is None:
                del lists[ranking]
            elif len(taken) < top:
                taken.append(clip)
    return taken


def ranked(frames: Sequence[Hard], ranking: str) -> list[Hard]:
    """Those that are hard at all, the hardest first."""
    hard = [one for one in frames if one.values[ranking] > 0.0]
    return sorted(hard, key=lambda o: (-o.values[ranking], -o.surprise, o.run, o.index))


def next_clip(
    frames: Iterable[Hard], why: str, seconds: float, taken: Sequence[Clip]
) -> Clip | None:
    """Around the next frame that lies clear of all clips taken so far."""
    for frame in frames:
        clip = around(frame, why, seconds)
        if not any(clip.overlaps(other) for other in taken):
            return clip
    return None


def around(frame: Hard, why: str, seconds: float) -> Clip:
    """The frame in the middle; at the ends of a recording the clip is shorter."""
    half_ns = round(seconds / 2 * SECOND_NS)
    first_ns, last_ns = frame.span
    start_ns, end_ns = frame.stamp_ns - half_ns, frame.stamp_ns + half_ns
    return Clip(frame, why, max(start_ns, first_ns), min(end_ns, last_ns))
