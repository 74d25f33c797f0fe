"""The unit of work: one recording, or a stretch of it, that a worker replays on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from road_clarity.evaluation.sources import open_source
from road_clarity.pipeline.frame import Frame

SECOND_NS = 1_000_000_000
LEAD = -1  # number of a frame that comes before the stretch


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How recordings are read: see evaluation.sources.open_source."""

    max_frames: int | None = None
    topic: str | None = None
    fps: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Shard:
    """The stretch [start_s, end_s) after a recording's first frame; end_s None: to its end.

    lead_s: how much of what comes before warms the pipeline up
    """

    number: int = 0
    start_s: float = 0.0
    end_s: float | None = None
    lead_s: float = 0.0

    def within(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Its frames, numbered from 0, under their own stamps; those that lead to it are LEAD."""
        first_ns, count = None, 0
        for frame in frames:
            first_ns = frame.stamp_ns if first_ns is None else first_ns
            since_ns = frame.stamp_ns - first_ns
            if self.end_s is not None and since_ns >= self.end_s * SECOND_NS:
                return
            if since_ns >= self.start_s * SECOND_NS:
                yield replace(frame, index=count)
                count += 1
            elif since_ns >= (self.start_s - self.lead_s) * SECOND_NS:
                yield replace(frame, index=LEAD)


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Can be pickled; says all that a worker must know beside the pipeline's settings."""

    recording: int  # its place among those of the run
    source: str  # name of the recording
    path: Path
    shard: Shard
    reading: Reading
    key: str  # what the result follows from, hashed: evaluation.units.content_key

    @property
    def name(self) -> str:
        """For people."""
        if self.shard == Shard():
            return str(self.path)
        end = "the end" if self.shard.end_s is None else f"{self.shard.end_s:g} s"
        return f"{self.path} from {self.shard.start_s:g} s to {end}"

    def frames(self) -> Iterator[Frame]:
        """Raises BadInput where the recording breaks off."""
        reading = self.reading
        source = open_source(
            self.path, max_frames=reading.max_frames, topic=reading.topic, fps=reading.fps
        )
        return self.shard.within(source.frames)
