"""The ring buffer: what was seen in the last seconds, as JPEGs, so that its memory is bounded."""

from __future__ import annotations

from collections import deque

from road_clarity.pipeline.evidence.event import EventConfig
from road_clarity.pipeline.evidence.moment import Kept, Moment

SECOND_NS = 1_000_000_000
EARLY = 0.05  # how much of a period too early a picture may come: stamps are not exact


class FrameRing:
    """Holds the last `before_s`; pictures of no more than `rate` frames per second."""

    def __init__(self, config: EventConfig) -> None:
        self._before_ns = config.before_s * SECOND_NS
        self._period_ns = (1.0 - EARLY) * SECOND_NS / config.rate
        self._most = config.most_mb * 1e6
        self._kept: deque[Kept] = deque()
        self._size = 0  # [bytes]
        self._pictured_ns: int | None = None

    def keep(self, moment: Moment, surely: bool) -> Kept:
        """Take in the next frame; surely: with its picture, however soon it comes."""
        stamp_ns = moment.frame.stamp_ns
        due = self._pictured_ns is None or stamp_ns - self._pictured_ns >= self._period_ns
        kept = Kept.of(moment, surely or due)
        if kept.jpeg is not None:
            self._pictured_ns = stamp_ns
        self._kept.append(kept)
        self._size += kept.size
        while len(self._kept) > 1 and self._too_much(stamp_ns):
            self._size -= self._kept.popleft().size
        return kept

    def _too_much(self, now_ns: int) -> bool:
        return self._kept[0].stamp_ns < now_ns - self._before_ns or self._size > self._most

    def frames(self) -> list[Kept]:
        """What is there, the newest last."""
        return list(self._kept)

    def clear(self) -> None:
        """What comes next has nothing to do with what was."""
        self._kept.clear()
        self._size, self._pictured_ns = 0, None
