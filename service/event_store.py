"""The events of a run as they lie in its folder.

A name from outside becomes part of a path only after it was seen to be a plain name.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from road_clarity.pipeline.events import ERROR_MAP_PNG, EVENT_JSON, FRAME_PNG, OVERLAY_JPG, Event
from road_clarity.pipeline.run_folder import EVENTS
from road_clarity.safety.level import LEVELS
from road_clarity.service.errors import Refusal, damaged, invalid, unknown

ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


class EventStore:
    """Reads what is there at the time of asking; an event never changes once it is there."""

    def __init__(self, run: Path) -> None:
        self._folder = run / EVENTS
        self._read: dict[tuple[str, int], Event] = {}

    def ids(self) -> list[str]:
        """Folders that are written to under another name until they are complete are left out."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if ID.fullmatch(path.name))

    def all(self) -> tuple[list[Event], list[str]]:
        """The events, and the ids of those that cannot be read."""
        events, unreadable = [], []
        for name in self.ids():
            try:
                events.append(self.get(name))
            except Refusal:
                unreadable.append(name)
        return events, unreadable

    def get(self, name: str) -> Event:
        """Raises Refusal: an id that is none, is not known, or whose record is damaged."""
        self.require(name)
        file = self._folder / name / EVENT_JSON
        try:
            key = name, file.stat().st_mtime_ns
            if key not in self._read:
                self._read[key] = checked(Event(**json.loads(file.read_bytes())), name)
            return self._read[key]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise damaged(
                f"event {name}: {EVENT_JSON} cannot be read ({error})", id=name
            ) from error

    def require(self, name: str) -> None:
        """Raises Refusal unless there is an event of that id."""
        if not ID.fullmatch(name):
            raise invalid("id", "must be the id of an event, as ListEvents gives it")
        if not (self._folder / name).is_dir():
            raise unknown("EVENT_UNKNOWN", f"there is no event {name}", id=name)

    def frame(self, name: str) -> bytes:
        """The camera's picture at the peak, as PNG.  Raises Refusal."""
        return self._picture(name, FRAME_PNG)

    def overlay(self, name: str) -> bytes:
        """What was seen at the peak, as JPEG.  Raises Refusal."""
        return self._picture(name, OVERLAY_JPG)

    def error_map(self, name: str) -> bytes | None:
        """Where the world model failed, as PNG; None when there was none.  Raises Refusal."""
        if not (self._folder / name / ERROR_MAP_PNG).exists():
            return None
        return self._picture(name, ERROR_MAP_PNG)

    def _picture(self, name: str, file: str) -> bytes:
        self.require(name)
        try:
            content = (self._folder / name / file).read_bytes()
        except OSError as error:
            raise damaged(f"event {name}: {file} cannot be read", id=name) from error
        if not content:
            raise damaged(f"event {name}: {file} is empty", id=name)
        return content


def checked(event: Event, name: str) -> Event:
    """Raises ValueError when the record contradicts itself."""
    if event.id != name or event.level not in LEVELS or not event.start_ns <= event.end_ns:
        raise ValueError("id, level or stamps contradict each other")
    for reason in event.reasons:
        reason["code"], reason["share"], reason["region"], reason["text"]
    return event
