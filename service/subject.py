"""What an explanation is asked about: a frame of an event or of the run, or one from outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame_row import Row
from road_clarity.safety.scene import Box
from road_clarity.service.errors import Refusal, damaged, invalid, not_ready, outside
from road_clarity.service.event_store import EventStore
from road_clarity.service.explainer import Place
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.picture import decode
from road_clarity.service.run_log import Mark, RunLog
from road_clarity.service.run_pictures import picture_at


@dataclass(frozen=True, eq=False)
class Subject:
    """image: (H, W, 3) RGB; row: what was recorded of it, None for a picture from outside."""

    image: NDArray[np.uint8]
    row: Row | None
    places: tuple[Place, ...]
    event_id: str = ""


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

    def _event(self, name: str) -> Subject:
        event = self._events.get(name)
        mark = self._mark("index", event.peak_index)
        image = self._ours(self._events.frame(name), f"the frame of event {name}")
        return self._subject(image, self._log.row(mark), name)

    def _recorded(self, field: str, value: int) -> Subject:
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
        return Subject(image, row, tuple(places_of(row, size)), event_id)


def places_of(row: Row, size: tuple[int, int]) -> list[Place]:
    """What the reasons point to and every tracked object, as far as it is inside the image [px].

    A reason that points to an object is one place with it: "vehicle 3, collision.time".
    """
    named = [(f"{track['label']} {track['id']}", track["box"]) for track in row["tracks"] or ()]
    named += [(reason["code"], reason["region"]) for reason in row["risk"]["reasons"]]
    labels: dict[Box, list[str]] = {}
    for label, box in named:
        inside = None if box is None or None in box else clipped(box, size)
        if inside is not None:
            labels.setdefault(inside, []).append(label)
    return [Place(", ".join(names), box) for box, names in labels.items()]


def clipped(box: Any, size: tuple[int, int]) -> Box | None:
    """The part inside an image of size (width, height); None when there is none [px]."""
    x0, x1 = (min(max(x, 0.0), size[0]) for x in box[0::2])
    y0, y1 = (min(max(y, 0.0), size[1]) for y in box[1::2])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
