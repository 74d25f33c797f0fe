"""What an explanation is asked about: a frame of an event or of the run, or one from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.places import accused, places_of
from road_clarity.pipeline.run_folder import is_run
from road_clarity.service.errors import Refusal, damaged, invalid, not_ready, outside
from road_clarity.service.event_store import EventStore
from road_clarity.service.explainer import Place
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.picture import decode
from road_clarity.service.run_log import Mark, RunLog
from road_clarity.service.run_pictures import kept, picture_at, pictures_before

BEFORE_S = 4.0  # of the run that is looked at before a frame


@dataclass(frozen=True, eq=False)
class Subject:
    """image: (H, W, 3) RGB; row: what was recorded of it, None for a picture from outside."""

    image: NDArray[np.uint8]
    row: Row | None
    places: tuple[Place, ...]
    event_id: str = ""

    @property
    def accused(self) -> int | None:
        """Which of the places a reason points to, if any."""
        size = self.image.shape[1], self.image.shape[0]
        return 0 if self.row is not None and accused(self.row, size) else None

    @property
    def words(self) -> str:
        """What it is called on a sheet."""
        if self.row is None:
            return "a picture"
        name = f"event {self.event_id}, " if self.event_id else ""
        return f"{name}frame {self.row['index']}, {self.row['stamp_ns'] * 1e-9:.2f} s"


class Subjects:
    """Finds what a request speaks of."""

    def __init__(self, run: Path, log: RunLog, events: EventStore) -> None:
        self._run, self._log, self._events = run, log, events

    def of(self, request: pb.ExplainFrameRequest) -> Subject:
        """Raises Refusal."""
        match request.WhichOneof("frame"):
            case "event_id":
                return self._event(request.event_id)
            case "stamp_ns":
                return self._recorded("stamp_ns", request.stamp_ns)
            case "index":
                return self._recorded("index", request.index)
            case "image":
                return Subject(decode(request.image, "image"), None, ())
            case _:
                raise invalid("frame", "give one of event_id, stamp_ns, index, image")

    def before(self, subject: Subject) -> Iterator[Frame]:
        """The frames of the run that lead to this one, and itself last.  Raises Refusal."""
        stamp_ns = 0 if subject.row is None else subject.row["stamp_ns"]
        if subject.row is not None:
            for past_ns, content in pictures_before(self._run, stamp_ns, round(BEFORE_S * 1e9)):
                yield Frame(0, past_ns, self._ours(content, "a picture before it"))
        yield Frame(0, stamp_ns, subject.image)

    def recorded(self, request: pb.ProbeCounterfactualRequest) -> Mark:
        """The frame of the run that is asked about.  Raises Refusal."""
        match request.WhichOneof("frame"):
            case "event_id":
                return self._mark("index", self._events.get(request.event_id).peak_index)
            case "stamp_ns":
                return self._mark("stamp_ns", request.stamp_ns)
            case "index":
                return self._mark("index", request.index)
            case _:
                raise invalid("frame", "give one of event_id, stamp_ns, index")

    def row(self, mark: Mark) -> Row:
        """What was recorded of a frame.  Raises Refusal."""
        return self._log.row(mark)

    def stamps(self, first_ns: int, last_ns: int) -> list[int]:
        """Of the pictures in that time, both ends included [ns].  Raises Refusal."""
        return [stamp for stamp, _ in kept(self._run, first_ns, last_ns + 1)]

    def frames(self, first_ns: int, last_ns: int) -> Iterator[Frame]:
        """In the pixels that run.mcap kept.  Raises Refusal."""
        for number, (stamp_ns, content) in enumerate(kept(self._run, first_ns, last_ns + 1)):
            yield Frame(number, stamp_ns, self._ours(content, f"the picture at {stamp_ns} ns"))

    def rows(self, event_id: str) -> list[Row]:
        """The frames of an event.  Raises Refusal."""
        event = self._events.get(event_id)
        inside = range(event.start_index, event.end_index + 1)
        found = [self._log.row(mark) for mark in self._log.marks() if mark.index in inside]
        if not found:
            raise damaged(f"event {event_id}: the run holds none of its frames", id=event_id)
        return found

    def _event(self, name: str) -> Subject:
        image = self._ours(self._events.frame(name), f"the frame of event {name}")
        return self._subject(image, self._events.row(name), name)

    def _recorded(self, field: str, value: int) -> Subject:
        if field == "stamp_ns" and not is_run(self._run):  # evidence of a drive, without a run
            content, row = self._events.kept_at(value)
            return self._subject(self._ours(content, "a picture of a clip"), row)
        mark = self._mark(field, value)
        content = picture_at(self._run, mark.stamp_ns)
        return self._subject(
            self._ours(content, f"the picture of frame {mark.index}"), self._log.row(mark)
        )

    def _mark(self, field: str, value: int) -> Mark:
        """The frame whose stamp_ns or index is value.  Raises Refusal with what there is."""
        marks = self._log.marks()
        if not marks:
            raise not_ready("NO_FRAMES", "the run has no frames yet")
        for mark in reversed(marks):
            if getattr(mark, field) == value:
                return mark
        kept = [getattr(mark, field) for mark in marks]
        raise outside(field, min(kept), max(kept))

    def _ours(self, content: bytes, what: str) -> NDArray[np.uint8]:
        """A picture that we stored.  Raises Refusal when it is damaged."""
        try:
            return decode(content, "picture")
        except Refusal as error:
            raise damaged(f"{what} cannot be read: {error}") from error

    def _subject(self, image: NDArray[np.uint8], row: Row, event_id: str = "") -> Subject:
        size = image.shape[1], image.shape[0]
        places = tuple(Place(label, box) for label, box in places_of(row, size))
        return Subject(image, row, places, event_id)
