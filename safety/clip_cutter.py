"""A drive cut into clips of equal length, one after another, each with its maximum.

Calibration and the road use the same cuts.  A clip begins with the first frame that is judged, and
a shorter rest of at least half the length is a clip, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from road_clarity.models.errors import BadInput

LEAST_SHARE = 0.5  # of the length
LONGEST_S = 3600.0


@dataclass(frozen=True)
class Span:
    """Stamps [ns] of the first and last judged frame, and the largest alarm score [points]."""

    start_ns: int
    end_ns: int
    maximum: float


class ClipCutter:
    """Sees the frames of a drive in order."""

    def __init__(self, length_s: float) -> None:
        """Raises BadInput."""
        require_length(length_s)
        self._length_ns = round(length_s * 1e9)
        self.open: Span | None = None
        self.dropped = 0  # rests that were too short

    def see(self, stamp_ns: int, alarm: float | None) -> Span | None:
        """The clip that this frame shows to be over, if any.  alarm None: not judged."""
        if alarm is None:
            return None
        over = None
        if self.open and not 0 <= stamp_ns - self.open.start_ns < self._length_ns:
            over = self.finish()
        if self.open is None:
            self.open = Span(stamp_ns, stamp_ns, alarm)
        else:
            start_ns, end_ns = self.open.start_ns, max(self.open.end_ns, stamp_ns)
            self.open = Span(start_ns, end_ns, max(self.open.maximum, alarm))
        return over

    def finish(self) -> Span | None:
        """The drive ends or breaks off; the clip that was open, if it is long enough."""
        last, self.open = self.open, None
        if last is None:
            return None
        if last.end_ns - last.start_ns >= LEAST_SHARE * self._length_ns:
            return last
        self.dropped += 1
        return None


def require_length(length_s: float) -> None:
    """Raises BadInput for what is no length of a clip."""
    if not 0.0 < length_s <= LONGEST_S:
        raise BadInput("clip length", length_s, f"must be more than 0 and at most {LONGEST_S:g} s")
