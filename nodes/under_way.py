"""An event that is under way when its process is killed is lost, but not without a word.

A small file in the evidence folder says since when an event is under way; whoever finds it there
at the start knows what the process before could not store.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path


class UnderWay:
    """Of one camera.  A folder that cannot be written costs this note only."""

    def __init__(self, folder: Path, source: str) -> None:
        """source: the camera's topic, as cameras may share a folder"""
        self._path = folder / f".under_way-{hashlib.sha256(source.encode()).hexdigest()[:8]}"
        self._noted_ns: int | None = None

    def left_over(self) -> int | None:
        """When the event began that the last process did not store [ns]; said once."""
        try:
            began_ns = int(self._path.read_text())
        except (OSError, ValueError):
            return None
        self._remove()
        return began_ns

    def note(self, began_ns: int | None) -> None:
        """An event has been under way since then; None: none is [ns]"""
        if began_ns == self._noted_ns:
            return
        self._noted_ns = began_ns
        if began_ns is None:
            self._remove()
            return
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(str(began_ns))

    def _remove(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
