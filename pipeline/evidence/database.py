"""The SQLite file under the index: its tables, how it is opened, and what its errors mean."""

from __future__ import annotations

import sqlite3
from pathlib import Path

DATABASE = "events.db"
VERSION = 1
BUSY_S = 1.0  # how long to wait for a lock
SCHEMA = """
CREATE TABLE events (
    id TEXT PRIMARY KEY, bundle_id TEXT NOT NULL, signature TEXT NOT NULL,
    start_ns INTEGER, end_ns INTEGER, peak_ns INTEGER, peak_index INTEGER,
    level INTEGER, score REAL, source TEXT, record TEXT,
    bytes INTEGER NOT NULL, stored_ns INTEGER NOT NULL,
    space TEXT NOT NULL, embedding BLOB, damage TEXT NOT NULL);
CREATE INDEX events_start ON events (start_ns, id);
CREATE TABLE codes (event_id TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (event_id, code))
    WITHOUT ROWID;
CREATE TABLE labels (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, event_id TEXT NOT NULL, bundle_id TEXT NOT NULL,
    value TEXT NOT NULL, who TEXT NOT NULL, note TEXT NOT NULL, when_ns INTEGER NOT NULL,
    request_id TEXT NOT NULL);
CREATE INDEX labels_event ON labels (event_id, bundle_id, kind, n);
CREATE INDEX labels_request ON labels (request_id);
CREATE TABLE journal (read_to INTEGER NOT NULL);
INSERT INTO journal VALUES (0);
CREATE VIEW marked AS SELECT events.*,
    COALESCE((SELECT value FROM labels AS l WHERE l.event_id = events.id
        AND l.bundle_id = events.bundle_id AND l.kind = 'label' ORDER BY n DESC LIMIT 1),
        'UNLABELLED') AS label,
    COALESCE((SELECT value = 'true' FROM labels AS l WHERE l.event_id = events.id
        AND l.bundle_id = events.bundle_id AND l.kind = 'pin' ORDER BY n DESC LIMIT 1),
        0) AS pinned,
    (SELECT COUNT(*) FROM labels AS l WHERE l.event_id = events.id
        AND l.bundle_id = events.bundle_id) AS marks
    FROM events;
"""


def connected(path: Path | None) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError."""
    if path is not None and not path.parent.is_dir():
        path = None
    database = sqlite3.connect(
        path or ":memory:", timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        database.row_factory = sqlite3.Row
        database.create_function("fold", 1, str.casefold, deterministic=True)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            make_schema(database)
        database.execute("SELECT read_to FROM journal").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def make_schema(database: sqlite3.Connection) -> None:
    """Of an index of another version nothing is kept: all of it can be made again."""
    with immediate(database):
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == VERSION:  # another process was faster
            return
        for name, kind in database.execute("SELECT name, type FROM sqlite_master").fetchall():
            if kind in ("table", "view") and not name.startswith("sqlite_"):
                database.execute(f'DROP {kind} IF EXISTS "{name}"')
        for statement in SCHEMA.split(";\n"):
            if statement.strip():
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")


class immediate:  # noqa: N801  # reads like a verb: with immediate(database)
    """All of it or nothing, and nobody else writes meanwhile."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, at: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")


def is_locked(error: sqlite3.DatabaseError) -> bool:
    """Another process holds it; it is not broken."""
    return "locked" in str(error) or "busy" in str(error)


def file_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
