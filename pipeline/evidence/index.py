"""The index of an evidence folder, made from its bundles and its labels.

It may be deleted, locked, damaged or out of date at any time: `sync` brings it up to date with what
lies in the folder, and where it cannot be written it is made in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.evidence.database import (
    DATABASE,
    connected,
    file_of,
    immediate,
    is_locked,
)
from road_clarity.pipeline.evidence.event import event_folders
from road_clarity.pipeline.evidence.index_row import (
    Entry,
    add,
    drop,
    entry_of,
    mark_of,
    signature,
)
from road_clarity.pipeline.evidence.journal import JOURNAL, Mark, read_from

KEYS = {"start_ns": "start_ns", "peak_ns": "peak_ns", "score": "COALESCE(score, 1.0)"}


@dataclass(frozen=True)
class Condition:
    """Part of a WHERE; every value from outside is a parameter."""

    sql: str
    parameters: tuple[Any, ...] = ()


class Index:
    """One thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Raises nothing for a folder that is not there: it is empty."""
        self.folder = folder
        self._path = folder / DATABASE
        self._database: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # which file it is open on
        self.in_memory = False

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None

    def sync(self) -> None:
        """Take in what came, went or changed in the folder.

        Raises sqlite3.OperationalError when another process holds the index.
        """
        database = self._opened()
        known = dict(database.execute("SELECT id, signature FROM events"))
        found = {name: signature(self.folder / name) for name in event_folders(self.folder)}
        changed = [name for name, mark in found.items() if known.get(name) != mark]
        gone = known.keys() - found.keys()
        if not changed and not gone and not self._journal_grew(database):
            return
        with immediate(database):
            for name in gone:
                drop(database, name)
            for name in changed:
                add(database, self.folder / name, found[name])
            self._read_journal(database)

    def rebuild(self) -> None:
        """Make it anew from the folder.  Raises sqlite3.OperationalError."""
        database = self._opened()
        with immediate(database):
            for table in ("events", "codes", "labels"):
                database.execute(f"DELETE FROM {table}")
            database.execute("UPDATE journal SET read_to = 0")
        self.sync()

    def select(
        self, conditions: Sequence[Condition] = (), order: str = "start_ns",
        descending: bool = False, after: tuple[float, str] | None = None, limit: int = -1,
    ) -> tuple[list[Entry], int]:  # fmt: skip
        """Readable events, and how many there are without `after` and `limit`.

        order: a column, or 'score'; after: the (value, id) of the last one of the page before
        """
        database = self._opened()
        key = KEYS[order]
        sign = "-" if descending else ""
        where = " AND ".join(["damage = ''", *(one.sql for one in conditions)])
        given = [value for one in conditions for value in one.parameters]
        (total,) = database.execute(f"SELECT COUNT(*) FROM marked WHERE {where}", given).fetchone()
        if after is not None:
            where += f" AND ({sign}{key}, id) > (?, ?)"
            given += after
        rows = database.execute(
            f"SELECT * FROM marked WHERE {where} ORDER BY {sign}{key}, id LIMIT ?", (*given, limit)
        )
        return [entry_of(row) for row in rows], total

    def unreadable(self) -> list[str]:
        rows = self._opened().execute("SELECT id FROM events WHERE damage != '' ORDER BY id")
        return [row["id"] for row in rows]

    def entry(self, name: str) -> Entry | None:
        row = self._opened().execute("SELECT * FROM marked WHERE id = ?", (name,)).fetchone()
        return None if row is None else entry_of(row)

    def requested(self, request_id: str) -> Mark | None:
        """The mark that this request left."""
        row = self._opened().execute(
            "SELECT * FROM labels WHERE request_id = ? AND request_id != ''", (request_id,)
        ).fetchone()  # fmt: skip
        return None if row is None else mark_of(row)

    def marks(self, name: str) -> list[Mark]:
        """Everything that was said of the event under this name, the oldest first."""
        rows = self._opened().execute("SELECT * FROM labels WHERE event_id = ? ORDER BY n", (name,))
        return [mark_of(row) for row in rows]

    def largest_number(self) -> int:
        """Of all events, those that were deleted included; 0 without any."""
        rows = self._opened().execute("SELECT id FROM events UNION SELECT event_id FROM labels")
        found = (row["id"].partition("-")[0] for row in rows)
        return max((int(one) for one in found if one.isdecimal()), default=0)

    def embeddings(self, space: str) -> tuple[list[str], NDArray[np.float32]]:
        """Ids, and (N, D) of the readable events whose embedding lies in this space."""
        rows = self._opened().execute(
            "SELECT id, embedding FROM events WHERE space = ? AND embedding IS NOT NULL"
            " AND damage = '' ORDER BY id", (space,)
        ).fetchall()  # fmt: skip
        packed = b"".join(row["embedding"] for row in rows)
        matrix = np.frombuffer(packed, np.float16).astype(np.float32)
        return [row["id"] for row in rows], matrix.reshape(len(rows), -1 if rows else 0)

    def embedding(self, name: str) -> tuple[str, NDArray[np.float32] | None]:
        """Space and embedding (D,) of one event."""
        row = self._opened().execute(
            "SELECT space, embedding FROM events WHERE id = ?", (name,)
        ).fetchone()  # fmt: skip
        if row is None or row["embedding"] is None:
            return "", None
        return row["space"], np.frombuffer(row["embedding"], np.float16).astype(np.float32)

    def newest_space(self) -> str:
        """Of the event that was stored last; empty when none has an embedding."""
        row = self._opened().execute(
            "SELECT space FROM events WHERE space != '' ORDER BY stored_ns DESC, id DESC LIMIT 1"
        ).fetchone()  # fmt: skip
        return "" if row is None else str(row["space"])

    # The file -------------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        """The connection; a file that was replaced or deleted is opened anew."""
        if self._database is not None and (self.in_memory or self._file == file_of(self._path)):
            return self._database
        self.close()
        self.in_memory = False
        try:
            self._database = connected(self._path)
        except sqlite3.DatabaseError as error:
            if is_locked(error):
                raise
            self._database = self._second_try()
        self._file = file_of(self._path)
        return self._database

    def _second_try(self) -> sqlite3.Connection:
        """A damaged index is thrown away; where nothing can be written, one lives in memory."""
        with suppress(OSError, sqlite3.DatabaseError):
            if self._path.is_file():
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)
                return connected(self._path)
        self.in_memory = True
        return connected(None)

    def fall_back(self) -> None:
        """From now on in memory: the disk is full, or the file cannot be trusted."""
        self.close()
        self.in_memory, self._database = True, connected(None)

    def _journal_grew(self, database: sqlite3.Connection) -> bool:
        (read_to,) = database.execute("SELECT read_to FROM journal").fetchone()
        try:
            return int(read_to) != size_of(self.folder)
        except OSError:
            return bool(read_to)

    def _read_journal(self, database: sqlite3.Connection) -> None:
        (read_to,) = database.execute("SELECT read_to FROM journal").fetchone()
        marks, end = read_from(self.folder, read_to)
        if end < read_to or (self.folder / JOURNAL).exists() and size_of(self.folder) < read_to:
            database.execute("DELETE FROM labels")
            marks, end = read_from(self.folder, 0)
        for mark in marks:
            database.execute(
                "INSERT INTO labels (kind, event_id, bundle_id, value, who, note, when_ns,"
                " request_id) VALUES (:kind, :event_id, :bundle_id, :value, :who, :note, :when_ns,"
                " :request_id)", asdict(mark),
            )  # fmt: skip
        database.execute("UPDATE journal SET read_to = ?", (end,))


def size_of(folder: Path) -> int:
    return (folder / JOURNAL).stat().st_size
