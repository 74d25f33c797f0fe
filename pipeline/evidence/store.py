"""An evidence folder as a whole: what is in it, and what may be said and done about it.

The bundles and labels.jsonl are the truth, events.db is made from them.  Every change is made with
the folder's lock held, so that a recorder, a service and the command line may work side by side.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.evidence.bundle import locked, remove_bundle, sweep
from road_clarity.pipeline.evidence.database import is_locked
from road_clarity.pipeline.evidence.event import event_folders, evidence_folder
from road_clarity.pipeline.evidence.index import Index
from road_clarity.pipeline.evidence.index_row import Entry
from road_clarity.pipeline.evidence.journal import DELETE, LABEL, PIN, Mark, append, label_named
from road_clarity.pipeline.evidence.retention import RetentionConfig, surplus
from road_clarity.pipeline.evidence.similar import nearest

log = logging.getLogger(__name__)
RETENTION = "retention"  # who deletes what is too old or too much


class Conflict(ValueError):
    """The event was labelled or pinned since the caller read its etag."""


class Reused(ValueError):
    """The same request id for another request."""


class Pinned(ValueError):
    """It is kept whatever happens."""


class Unknown(KeyError):
    """No event of that id."""


class Busy(RuntimeError):
    """Another process holds the index."""


class Evidence:
    """Any thread may ask; what is there is looked up at the time of asking."""

    def __init__(self, path: Path, clock: Callable[[], int] = time.time_ns) -> None:
        """path: a run folder or an evidence folder; clock: stamps what people say [ns]"""
        self._path, self._clock = path, clock
        self._lock = threading.RLock()
        self._index = Index(self.folder)

    @property
    def folder(self) -> Path:
        """Where the event folders lie."""
        return evidence_folder(self._path)

    def close(self) -> None:
        with self._lock:
            self._index.close()

    @contextmanager
    def reading(self) -> Iterator[Index]:
        """The index, up to date as far as that is possible.  Raises Busy."""
        with self._lock:
            if self._index.folder != self.folder:
                self._index.close()
                self._index = Index(self.folder)
            try:
                self._catch_up()
                yield self._index
            except sqlite3.DatabaseError as error:
                raise Busy(f"the index of {self.folder} cannot be read now ({error})") from error

    def entry(self, name: str) -> Entry:
        """Raises Unknown, Busy."""
        with self.reading() as index:
            found = index.entry(name)
        if found is None:
            raise Unknown(name)
        return found

    def similar(
        self, wanted: NDArray[np.float32], space: str, count: int, but: str = ""
    ) -> tuple[list[tuple[Entry, float]], int]:
        """The nearest events with their distance, and how many were compared.  Raises Busy.

        wanted: (D,) of that space; but: an event that is left out
        """
        with self.reading() as index:
            names, matrix = index.embeddings(space)
            near = nearest(matrix, wanted, count + 1)
            found = [(names[at], distance) for at, distance in near if names[at] != but][:count]
            entries = [(index.entry(name), distance) for name, distance in found]
        compared = len(names) - (but in names)
        return [(one, distance) for one, distance in entries if one], compared

    def history(self, name: str) -> list[Mark]:
        """Everything that was said of an event, the oldest first.  Raises Busy."""
        with self.reading() as index:
            return index.marks(name)

    def label(
        self, name: str, label: str, who: str = "", note: str = "", etag: str = "",
        request_id: str = "",
    ) -> Entry:  # fmt: skip
        """etag: what the caller saw, refused when it changed; empty asks no question.

        Raises BadInput, Unknown, Conflict, Reused, Busy, OSError.
        """
        return self._mark(name, LABEL, label_named(label), who, note, etag, request_id)

    def pin(
        self, name: str, pinned: bool, who: str = "", etag: str = "", request_id: str = ""
    ) -> Entry:
        """A pinned event is never deleted.  Raises Unknown, Conflict, Reused, Busy, OSError."""
        return self._mark(name, PIN, str(pinned).lower(), who, "", etag, request_id)

    def delete(self, name: str, who: str = "", etag: str = "") -> None:
        """Raises Pinned, Unknown, Conflict, Busy, OSError."""
        with self._lock, locked(self.folder):
            found = self.entry(name)
            if found.pinned:
                raise Pinned(f"event {name} is pinned; unpin it first")
            require_etag(found, etag)
            self._delete(found, who)

    def prune(self, limits: RetentionConfig, dry_run: bool = False) -> list[Entry]:
        """Delete what is too old or too much; what went, or would go.  Raises Busy, OSError."""
        with self._lock, locked(self.folder):
            with self.reading() as index:
                stored, _ = index.select()
            gone = surplus(stored, limits, self._clock())
            for entry in [] if dry_run else gone:
                self._delete(entry, RETENTION)
            return gone

    def _delete(self, entry: Entry, who: str) -> None:
        """With the folder's lock held.  Raises OSError."""
        said = Mark(kind=DELETE, event_id=entry.id, bundle_id=entry.bundle_id, value="", who=who,
                    when_ns=self._clock())  # fmt: skip
        append(self.folder, said)
        remove_bundle(self.folder, entry.id)

    def recover(self) -> None:
        """Remove what a crash left behind, and index what it did not.  Raises OSError."""
        if self.folder.is_dir() and any(self.folder.iterdir()):
            with locked(self.folder):
                sweep(self.folder)
        if event_folders(self.folder):
            with self.reading():
                pass

    def rebuild(self) -> int:
        """Make the index anew from bundles and labels; how many events.  Raises Busy, OSError."""
        self.recover()
        with self.reading() as index:
            index.rebuild()
            return index.select()[1]

    def _mark(
        self, name: str, kind: str, value: str, who: str, note: str, etag: str, request_id: str
    ) -> Entry:
        with self._lock, locked(self.folder):
            found = self.entry(name)
            said = Mark(kind=kind, event_id=name, bundle_id=found.bundle_id, value=value, who=who,
                        note=note, when_ns=self._clock(), request_id=request_id)  # fmt: skip
            with self.reading() as index:
                earlier = index.requested(request_id)
            if earlier is not None:
                require_same(earlier, said)
                return found
            require_etag(found, etag)
            append(self.folder, said)
            return self.entry(name)

    def _catch_up(self) -> None:
        """A lock leaves the index as it is; anything else makes another one."""
        try:
            self._index.sync()
        except sqlite3.DatabaseError as error:
            log.warning("the index of %s is behind: %s", self.folder, error)
            if not is_locked(error):
                self._index.fall_back()
                self._index.sync()


def require_etag(found: Entry, etag: str) -> None:
    if etag and etag != found.etag:
        raise Conflict(f"event {found.id} was changed meanwhile: its etag is {found.etag} now")


def require_same(earlier: Mark, now: Mark) -> None:
    same = ("kind", "event_id", "bundle_id", "value", "note")
    if any(getattr(earlier, name) != getattr(now, name) for name in same):
        raise Reused(f"request {now.request_id} said something else before")
