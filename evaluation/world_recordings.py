"""Recordings as clips for the world model: the frame nearest to every tenth of a second.

No frame is made up between two: what is dreamt is held against what the camera saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.world_clip import FEWEST, WorldClip, squeezed
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import STEP_S
from road_clarity.pipeline.frame import Frame

STEP_NS = round(STEP_S * 1e9)


def recorded_clips(paths: list[Path], side: int, seconds: float | None) -> Iterator[WorldClip]:
    """Every stretch without a gap that is long enough; a recording without one is refused.

    seconds: of each recording, from its start; None: all
    """
    opened = [open_source(path) for path in paths]  # all, before the minutes of work
    for path, source in zip(paths, opened, strict=True):
        pieces = stretches(same_size(source.frames), side, seconds)
        require_length(path, max((len(one) for one, _ in pieces), default=0))
        for number, (piece, size) in enumerate(pieces):
            if len(piece) >= FEWEST:
                blank = ((),) * len(piece)
                yield WorldClip(f"{path.stem}_{number}", str(path), piece, size, blank, None)


def require_length(path: Path, frames: int) -> None:
    """Raises BadInput unless a stretch of so many frames leaves room for one dream."""
    if frames < FEWEST:
        raise BadInput(
            "--video", path, f"has {frames * STEP_S:.1f} s without a gap; the farthest horizon "
            f"needs {FEWEST * STEP_S:.1f} s, with a frame at least every {STEP_S} s",
        )  # fmt: skip


def same_size(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Raises BadInput when the size changes on the way."""
    size = None
    for frame in frames:
        size = size or frame.size
        if frame.size != size:
            raise BadInput(
                "frame", frame.index, "is {}x{}, those before it {}x{}; give frames of one size"
                .format(*frame.size, *size),
            )  # fmt: skip
        yield frame


def stretches(
    frames: Iterable[Frame], side: int, seconds: float | None
) -> list[tuple[NDArray[np.uint8], tuple[int, int]]]:
    """(T, side, side, 3) of each stretch, and the size of its source images."""
    found: list[list[NDArray[np.generic]]] = [[]]
    size = (0, 0)
    for image, follows in ticked(frames, seconds):
        size = image.shape[1], image.shape[0]
        if not follows:
            found.append([])
        found[-1].append(squeezed(image, side))
    return [(np.stack(one).astype(np.uint8), size) for one in found if one]


def ticked(
    frames: Iterable[Frame], seconds: float | None
) -> Iterator[tuple[NDArray[np.uint8], bool]]:
    """The frame nearest to every tick that has one within half a step, and whether it follows the
    tick before without a gap.  Time that goes back or jumps begins anew."""
    clock = TickClock()
    for frame in frames:
        if seconds is not None and clock.elapsed_ns(frame.stamp_ns) >= seconds * 1e9:
            break
        yield from clock.push(frame)
    yield from clock.rest()


class TickClock:
    """Keeps the frame that is nearest to the tick that is due."""

    def __init__(self) -> None:
        self._start: int | None = None  # stamp of the tick 0
        self._first: int | None = None  # stamp of the first frame of all
        self._last_ns = 0
        self._tick = 0  # that is due
        self._best: Frame | None = None
        self._follows = False

    def elapsed_ns(self, stamp_ns: int) -> int:
        """Since the first frame."""
        return 0 if self._first is None else stamp_ns - self._first

    def push(self, frame: Frame) -> Iterator[tuple[NDArray[np.uint8], bool]]:
        if self._start is None or frame.stamp_ns < self._last_ns:
            yield from self.rest()
            self._start, self._tick, self._follows = frame.stamp_ns, 0, False
            self._first = frame.stamp_ns if self._first is None else self._first
        self._last_ns = frame.stamp_ns
        while frame.stamp_ns > self._due() + STEP_NS // 2:
            if self._best is None:  # a gap: the next ticks count from this frame
                self._start, self._tick, self._follows = frame.stamp_ns, 0, False
                break
            yield from self.rest()
            self._tick += 1
        if self._best is None or self._off(frame) < self._off(self._best):
            self._best = frame

    def rest(self) -> Iterator[tuple[NDArray[np.uint8], bool]]:
        """The frame of the tick that is due, if there is one."""
        if self._best is not None:
            yield self._best.image, self._follows
            self._best, self._follows = None, True

    def _due(self) -> int:
        return (self._start or 0) + self._tick * STEP_NS

    def _off(self, frame: Frame) -> int:
        return abs(frame.stamp_ns - self._due())
