"""One row of the index: what is read of a bundle, and what is told of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from road_clarity.pipeline.evidence import tensors
from road_clarity.pipeline.evidence.bundle import Damaged, bundle_size, read_manifest, read_part
from road_clarity.pipeline.evidence.event import EVENT_JSON, MANIFEST, TENSORS, Event
from road_clarity.pipeline.evidence.journal import Mark
from road_clarity.safety.level import LEVELS

INSERT = (
    "INSERT OR REPLACE INTO events VALUES (:id, :bundle_id, :signature, :start_ns, :end_ns,"
    " :peak_ns, :peak_index, :level, :score, :source, :record, :bytes, :stored_ns, :space,"
    " :embedding, :damage)"
)


@dataclass(frozen=True, eq=False)
class Entry:
    """A row of the index: an event, where its evidence stands, and what people said of it."""

    id: str
    event: Event | None  # None when it cannot be read
    bundle_id: str
    damage: str  # empty when nothing is known to be wrong
    label: str
    pinned: bool
    etag: str  # another one after every label and pin
    bytes: int
    stored_ns: int  # wall clock [ns]


def signature(bundle: Path) -> str:
    """Another one when the record or the manifest were touched."""
    parts = []
    for name in (EVENT_JSON, MANIFEST):
        with suppress(OSError):
            found = (bundle / name).stat()
            parts.append(f"{name} {found.st_size} {found.st_mtime_ns} {found.st_ino}")
    return ", ".join(parts)


def drop(database: sqlite3.Connection, name: str) -> None:
    for table, column in (("events", "id"), ("codes", "event_id")):
        database.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))


def add(database: sqlite3.Connection, bundle: Path, mark: str) -> None:
    """The row of one bundle; of a damaged one, that it is."""
    drop(database, bundle.name)
    row: dict[str, Any] = dict.fromkeys(
        ("start_ns", "end_ns", "peak_ns", "peak_index", "level", "score", "source", "record",
         "embedding")
    )  # fmt: skip
    row |= {"id": bundle.name, "bundle_id": "", "signature": mark, "space": "", "damage": ""}
    row |= {"bytes": 0, "stored_ns": 0}
    event = None
    try:
        row["bytes"], row["stored_ns"] = bundle_size(bundle), bundle.stat().st_mtime_ns
        row["bundle_id"] = read_manifest(bundle)[0]
        event = checked_event(bundle)
        row["space"], embedding = tensors.read_embedding(bundle / TENSORS)
        row["embedding"] = None if embedding is None else embedding.tobytes()
    except (Damaged, *tensors.READ_ERRORS) as error:
        row["damage"] = str(error)
    if event is not None:
        row |= {key: getattr(event, key) for key in ("start_ns", "end_ns", "peak_ns", "peak_index")}
        row |= {"level": LEVELS.index(event.level), "score": event.score, "source": event.source}
        row["record"] = json.dumps(asdict(event))
    database.execute(INSERT, row)
    for code in {one["code"] for one in event.reasons} if event else ():
        database.execute("INSERT INTO codes VALUES (?, ?)", (bundle.name, code))


def checked_event(bundle: Path) -> Event:
    """Raises Damaged when the record is not what was stored, or contradicts itself."""
    try:
        event = Event(**json.loads(read_part(bundle, EVENT_JSON)))
        if event.id != bundle.name or event.level not in LEVELS or event.start_ns > event.end_ns:
            raise ValueError("id, level or stamps contradict each other")
        for reason in event.reasons:
            reason["code"], reason["share"], reason["region"], reason["text"]
    except Damaged:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise Damaged(f"{EVENT_JSON} cannot be read ({error})") from error
    return event


def entry_of(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["id"],
        event=None if row["record"] is None else Event(**json.loads(row["record"])),
        bundle_id=row["bundle_id"],
        damage=row["damage"],
        label=row["label"],
        pinned=bool(row["pinned"]),
        etag=f"{row['bundle_id'][:12]}-{row['marks']}",
        bytes=row["bytes"],
        stored_ns=row["stored_ns"],
    )


def mark_of(row: sqlite3.Row) -> Mark:
    return Mark(**{name: row[name] for name in Mark.__dataclass_fields__})
