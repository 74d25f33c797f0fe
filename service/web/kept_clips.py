"""The clips that events keep themselves, for runs that keep no pictures (any more)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from road_clarity.pipeline.evidence.clip import READ_ERRORS, read_clip
from road_clarity.pipeline.evidence.event import CLIP_MCAP
from road_clarity.pipeline.frame_row import Row
from road_clarity.service.errors import damaged
from road_clarity.service.event_store import EventStore

MOST_CLIPS = 2  # in memory; one has at most EventConfig.most_mb of pictures


@dataclass(frozen=True, eq=False)
class KeptFrame:
    stamp_ns: int
    row: Row
    jpeg: bytes


class KeptClips:
    """Reads a clip once for all of its pictures; safe to use from several threads."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._read: OrderedDict[tuple[str, str], list[KeptFrame]] = OrderedDict()

    def frames(self, event: str) -> list[KeptFrame]:
        """Those that have a picture, in order.  Raises Refusal."""
        key = event, self._store.entry(event).bundle_id
        with self._lock:
            if key not in self._read:
                self._read[key] = self._from_bundle(event)
            self._read.move_to_end(key)
            while len(self._read) > MOST_CLIPS:
                self._read.popitem(last=False)
            return self._read[key]

    def _from_bundle(self, event: str) -> list[KeptFrame]:
        try:
            self._store.part(event, CLIP_MCAP)  # is it what the manifest says?
            found = list(read_clip(self._store.folder(event) / CLIP_MCAP))
        except READ_ERRORS as error:
            raise damaged(f"event {event}: {CLIP_MCAP} cannot be read", id=event) from error
        return [
            KeptFrame(one.stamp_ns, one.row, one.jpeg)
            for one in found
            if one.row is not None and one.jpeg is not None
        ]
