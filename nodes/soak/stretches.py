"""Flagged stretches of the risk topic, and those of which no evidence was stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from road_clarity.nodes.soak.listener import Said

GAP_NS = 1_000_000_000  # as of the settings of events
AFTERMATH_S = 6.0  # until an event is over and stored


@dataclass
class Stretch:
    """Flagged images that belong together."""

    first_ns: int
    last_ns: int
    first_s: float  # [s, monotonic]
    last_s: float
    codes: set[str] = field(default_factory=set)

    def was_cut_by(self, death_s: float) -> bool:
        """Whether the process died that was still waiting for the end of this stretch."""
        return self.first_s - 2.0 <= death_s <= self.last_s + AFTERMATH_S


def stretches(risks: Iterable[Said], sent: Mapping[int, float]) -> list[Stretch]:
    """sent: stamps of images that can be seen; of others there can be no evidence."""
    found: list[Stretch] = []
    told: set[int] = set()
    for risk in risks:
        is_first = risk.stamp_ns not in told
        told.add(risk.stamp_ns)  # a second word on the same image is about silence
        if not risk.flagged or risk.stamp_ns not in sent or not is_first:
            continue
        if not found or not 0 <= risk.stamp_ns - found[-1].last_ns <= GAP_NS:
            found.append(Stretch(risk.stamp_ns, risk.stamp_ns, risk.at_s, risk.at_s))
        found[-1].last_ns, found[-1].last_s = risk.stamp_ns, risk.at_s
        found[-1].codes |= risk.codes
    return found


def lost_stretches(found: Iterable[Stretch], stored: Sequence[tuple[int, int]]) -> list[Stretch]:
    """Those that no stored event touches; stored: (first, last) stamp of each [ns]."""
    return [
        one
        for one in found
        if not any(start <= one.last_ns and end >= one.first_ns for start, end in stored)
    ]
