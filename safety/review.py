"""What the labels of events say about the clips of a drive: nominal, not nominal, not known yet.

A clip that was flagged falsely is nominal: without such clips a calibration promises too much, and
made of them alone it promises too little.  A clip with a true risk is not nominal.  While nobody
has said what an event was, nobody knows it of the clips that it lies in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.clip_cutter import Span


@dataclass(frozen=True)
class Verdict:
    """What somebody said of an event.  Stamps [ns] of its first and last flagged frame."""

    start_ns: int
    end_ns: int
    nominal: bool | None  # True: a false alarm; False: a true risk; None: nobody said


@dataclass(frozen=True)
class Sifted:
    """The clips of a drive by what is known of them."""

    nominal: tuple[Clip, ...] = ()  # no event, or false alarms only
    risky: tuple[Clip, ...] = ()
    pending: tuple[Clip, ...] = ()  # events without a verdict, and none that is a true risk

    def __add__(self, other: Sifted) -> Sifted:
        return Sifted(
            self.nominal + other.nominal, self.risky + other.risky, self.pending + other.pending
        )


@dataclass(frozen=True)
class Review:
    """The labels of one run, as they were when a calibration was made with them."""

    run: str  # its folder then
    digest: str  # sha256 of events, bundles and labels
    labels: Mapping[str, str]  # event -> label
    left_out: int  # clips with a true risk


def sift(clips: Sequence[Clip], spans: Sequence[Span], verdicts: Sequence[Verdict]) -> Sifted:
    """spans: of the clips, in the same order"""
    found = Sifted()
    for clip, span in zip(clips, spans, strict=True):
        said = {one.nominal for one in verdicts if overlaps(span, one)}
        if False in said:
            found += Sifted(risky=(clip,))
        elif None in said:
            found += Sifted(pending=(clip,))
        else:
            found += Sifted(nominal=(clip,))
    return found


def overlaps(span: Span, verdict: Verdict) -> bool:
    return verdict.start_ns <= span.end_ns and span.start_ns <= verdict.end_ns
