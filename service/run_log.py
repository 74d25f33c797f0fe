"""The frames of a run, read as they are appended to frames.jsonl.

Only stamp, score, level and place of each line stay in memory: 300,000 frames take about 50 MB.
"""

from __future__ import annotations

import json
import math
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.run_folder import FRAMES, SUMMARY
from road_clarity.service.errors import damaged, not_ready

READ_BYTES = 1 << 20  # how much of a long run is taken in at once


@dataclass(frozen=True)
class Mark:
    """One frame in brief.  offset, length: of its line in the file [bytes]."""

    index: int
    stamp_ns: int
    score: float
    level: str
    offset: int
    length: int


class RunLog:
    """Grows with its file; safe to use from several threads."""

    def __init__(self, run: Path) -> None:
        self._path, self._summary = run / FRAMES, run / SUMMARY
        self._lock = threading.Lock()
        self._inode = 0
        self._read_to = 0  # [bytes]
        self._marks: list[Mark] = []

    def marks(self) -> list[Mark]:
        """All frames so far.  The list only grows; another run in its place gives another list."""
        with self._lock:
            self._catch_up()
            return self._marks

    def complete(self) -> bool:
        """Whether the run is over: the summary is written last."""
        return self._summary.is_file()

    def row(self, mark: Mark) -> Row:
        """The whole line of a frame.  Raises Refusal."""
        with opened(self._path) as file:
            file.seek(mark.offset)
            return parse(file.read(mark.length), mark.index)

    def _catch_up(self) -> None:
        with opened(self._path) as file:
            found = os.fstat(file.fileno())
            if found.st_ino != self._inode or found.st_size < self._read_to:  # another run
                self._inode, self._read_to, self._marks = found.st_ino, 0, []
            file.seek(self._read_to)
            rest = b""
            while chunk := file.read(READ_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")  # the last may still be being written
                for line in lines:
                    self._marks.append(mark_of(line, len(self._marks), self._read_to))
                    self._read_to += len(line) + 1


def opened(path: Path) -> BinaryIO:
    """Raises Refusal when the run was taken away."""
    try:
        return path.open("rb")
    except OSError as error:
        raise not_ready("RUN_GONE", f"{path} cannot be read: {error.strerror}") from error


def mark_of(line: bytes, number: int, offset: int) -> Mark:
    row = parse(line, number)
    score = row["risk"]["score"]
    return Mark(
        index=row["index"],
        stamp_ns=row["stamp_ns"],
        score=math.nan if score is None else score,
        level=row["risk"]["level"],
        offset=offset,
        length=len(line),
    )


def parse(line: bytes, number: int) -> Row:
    """Raises Refusal for a line that is no frame."""
    try:
        row: Any = json.loads(line)
        row["index"], row["stamp_ns"], row["risk"]["score"], row["risk"]["level"]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(
            f"line {number + 1} of {FRAMES} cannot be read", line=str(number + 1)
        ) from error
    return dict(row)


def newest_at(marks: list[Mark], stamp_ns: int) -> Mark | None:
    """The last frame at or before stamp_ns; None when all are later.  Stamps may jump back."""
    earlier = (mark for mark in reversed(marks) if mark.stamp_ns <= stamp_ns)
    return max(earlier, key=lambda mark: mark.stamp_ns, default=None)
