"""labels.jsonl: what people said about events, one line each, only ever appended to.

Together with the bundles this is the truth; the index is made from both.  A line speaks of one
bundle: should another run put another event under the same name, it says nothing about that.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.bundle import sync_folder, write_file

JOURNAL = "labels.jsonl"
TRUE_RISK, FALSE_ALARM, UNCERTAIN, UNLABELLED = (
    "TRUE_RISK", "FALSE_ALARM", "UNCERTAIN", "UNLABELLED",
)  # fmt: skip
LABELS = (TRUE_RISK, FALSE_ALARM, UNCERTAIN, UNLABELLED)
LABEL, PIN, DELETE = "label", "pin", "delete"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One thing that was said of one event."""

    kind: str  # label, pin or delete
    event_id: str
    bundle_id: str
    value: str  # one of LABELS; 'true' or 'false' of a pin; empty of a deletion
    who: str = ""
    note: str = ""
    when_ns: int = 0  # wall clock [ns]
    request_id: str = ""  # the same request twice is one mark


def label_named(text: str) -> str:
    """false-alarm and FALSE_ALARM are the same.  Raises BadInput."""
    name = text.strip().upper().replace("-", "_")
    if name not in LABELS:
        raise BadInput("label", text, f"use one of {', '.join(LABELS)}")
    return name


def append(folder: Path, mark: Mark) -> None:
    """On the disk when it returns; the folder's lock is held.

    Raises OSError, and has added nothing then.
    """
    text = json.dumps(asdict(mark), separators=(",", ":")) + "\n"
    is_new = not (folder / JOURNAL).exists()
    with (folder / JOURNAL).open("r+b" if not is_new else "w+b") as file:
        end = whole_lines(file.read())
        file.truncate(end)  # a crash may have left half a line
        file.seek(end)
        try:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise
    if is_new:
        sync_folder(folder)


def read_from(folder: Path, offset: int) -> tuple[list[Mark], int]:
    """The marks from that byte on, and where they end.  A line that is no mark is passed over."""
    try:
        with (folder / JOURNAL).open("rb") as file:
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        return [], 0
    end = whole_lines(content)
    return [mark for line in content[:end].splitlines() if (mark := parsed(line))], offset + end


def parsed(line: bytes) -> Mark | None:
    try:
        return Mark(**json.loads(line))
    except (ValueError, TypeError):
        return None


def whole_lines(content: bytes) -> int:
    """How many bytes of it are lines that end."""
    return content.rfind(b"\n") + 1


def deleted_numbers(folder: Path) -> list[int]:
    """Of events that are gone, so that nobody gets their number again.  Raises OSError."""
    marks, _ = read_from(folder, 0)
    names = [mark.event_id.partition("-")[0] for mark in marks if mark.kind == DELETE]
    return [int(name) for name in names if name.isdecimal()]


def carry_over(old: Path, new: Path) -> None:
    """What people said of an earlier run goes along; it applies again where a bundle is the same.

    Raises OSError.
    """
    if (old / JOURNAL).is_file() and new.is_dir():
        write_file(new / JOURNAL, (old / JOURNAL).read_bytes())
