"""The run folder: what replay and the nodes leave behind, and what the service and the report read.

DIR/frames.jsonl   one line per frame       DIR/summary.json   written last
DIR/events/ID/     one folder per event     DIR/run.mcap, DIR/report.html
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame_row import Row, line, without_latency

FRAMES, SUMMARY, EVENTS, MCAP, REPORT = (
    "frames.jsonl", "summary.json", "events", "run.mcap", "report.html",
)  # fmt: skip
PARTS = {FRAMES, SUMMARY, EVENTS, MCAP, REPORT}


class RunFolder:
    """Writes a run into a folder that exists; frames are on disk as soon as they are appended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = path / EVENTS
        self.events.mkdir(exist_ok=True)
        self._frames = (path / FRAMES).open("w", buffering=1)
        self._digest = hashlib.sha256()

    def append(self, row: Row) -> None:
        self._frames.write(line(row) + "\n")
        self._digest.update(without_latency(row).encode() + b"\n")

    @property
    def digest(self) -> str:
        """sha256 of all lines so far without their latency: equal runs, equal digest."""
        return self._digest.hexdigest()

    def finish(self, summary: dict[str, Any]) -> None:
        """Write the summary; it says that the run is complete."""
        self.close()
        write_json(self.path / SUMMARY, summary)

    def close(self) -> None:
        self._frames.close()


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A temporary folder that becomes `out` at the end, or vanishes when anything goes wrong.

    An earlier run at `out` is replaced.  Raises BadInput when something else is there.
    """
    out = out.absolute()
    require_replaceable(out)
    nearest = next(parent for parent in out.parents if parent.is_dir())
    stage = nearest / f".{out.name}.{os.getpid()}.partial"
    stage.mkdir()
    try:
        yield stage
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_folder(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def replace_folder(new: Path, out: Path) -> None:
    """Move `new` to `out`; what was there goes only once the new one is in place."""
    old = new.with_name(f"{new.name}.old")
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def require_replaceable(out: Path) -> None:
    """Raises BadInput unless `out` is free, empty, or holds an earlier run and nothing else."""
    if not out.exists():
        return
    if not out.is_dir():
        raise BadInput("output folder", out, "is a file; name another folder with --out")
    inside = {entry.name for entry in out.iterdir()}
    if inside and not (FRAMES in inside and inside <= PARTS):
        raise BadInput("output folder", out, "holds other files; name a new folder with --out")


def is_run(path: Path) -> bool:
    return (path / FRAMES).is_file()


def read_rows(path: Path) -> Iterator[Row]:
    """The frames of the run at `path`; a last line that is still being written is left out."""
    with (path / FRAMES).open() as file:
        for text in file:
            if text.endswith("\n"):
                yield json.loads(text)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Readers see the old file or the new one, never half of it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
    partial.replace(path)
