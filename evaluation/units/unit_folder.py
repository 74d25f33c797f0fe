"""What a finished unit leaves behind: a small run folder of its own, without report.

UNIT/frames.jsonl, run.mcap, events/   as in a run folder, numbered from the unit's first frame
UNIT/stills.json                       a handful of overlays, for the report
UNIT/unit.json                         written last: its key, digest, and the size of every file

The folder is written under another name and renamed when all of it is there.  One whose files are
not as large as unit.json says is none.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from road_clarity.pipeline.evidence.bundle import sync_folder, write_file
from road_clarity.pipeline.run_folder import FRAMES, MCAP

UNIT, STILLS = "unit.json", "stills.json"
PARTIAL = ".partial"
Said = dict[str, Any]  # contents of unit.json


def finished(folder: Path, key: str) -> Said | None:
    """What the unit says of itself; None: there is none, or not all of it."""
    try:
        said: Said = json.loads((folder / UNIT).read_bytes())
        whole = all((folder / name).stat().st_size == size for name, size in said["files"].items())
        return said if whole and said["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@contextmanager
def made(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder` at the end, or vanishes when anything goes wrong."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=PARTIAL, dir=folder.parent))
    try:
        yield partial
        shutil.rmtree(folder, ignore_errors=True)  # what is there is not whole, or it were used
        partial.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def seal(folder: Path, said: Said) -> None:
    """Write unit.json, the last of the files."""
    sizes = {name: (folder / name).stat().st_size for name in (FRAMES, MCAP, STILLS)}
    for name in sizes:
        bring_to_disk(folder / name)
    write_file(folder / UNIT, json.dumps(said | {"files": sizes}, indent=2).encode() + b"\n")


def bring_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sweep(folder: Path) -> None:
    """Remove what a crash left half-written; nobody else is writing there."""
    for path in folder.glob(f".*{PARTIAL}"):
        shutil.rmtree(path, ignore_errors=True)
