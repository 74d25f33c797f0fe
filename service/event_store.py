"""The events of a run for those who ask over the wire: evidence, or a refusal that says why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.rpc import code_pb2

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.bundle import Damaged, read_part
from road_clarity.pipeline.evidence.clip import READ_ERRORS, frames_in
from road_clarity.pipeline.evidence.event import (
    CLIP_MCAP,
    ERROR_MAP_PNG,
    EVENT_ID,
    FRAME_PNG,
    OVERLAY_JPG,
    Event,
)
from road_clarity.pipeline.evidence.index_row import Entry
from road_clarity.pipeline.evidence.store import (
    Busy,
    Conflict,
    Evidence,
    Pinned,
    Reused,
    Unknown,
)
from road_clarity.pipeline.frame_row import Row
from road_clarity.service.errors import (
    Refusal,
    busy,
    damaged,
    error_info,
    invalid,
    not_ready,
    outside,
    unknown,
)

RETRY_S = 1.0


class EventStore:
    """Reads what is there at the time of asking; an event never changes once it is there."""

    def __init__(self, run: Path) -> None:
        """run: a run folder or an evidence folder"""
        self.evidence = Evidence(run)

    def get(self, name: str) -> Event:
        """Raises Refusal: an id that is none, is not known, or whose record is damaged."""
        return readable(self.entry(name))

    def entry(self, name: str) -> Entry:
        """The event with what was said of it.  Raises Refusal as `get` does."""
        with refusals(required(name)):
            found = self.evidence.entry(name)
        readable(found)
        return found

    def frame(self, name: str) -> bytes:
        """The camera's picture at the peak, as PNG.  Raises Refusal."""
        return self.part(name, FRAME_PNG)

    def overlay(self, name: str) -> bytes:
        """What was seen at the peak, as JPEG.  Raises Refusal."""
        return self.part(name, OVERLAY_JPG)

    def error_map(self, name: str) -> bytes | None:
        """Where the world model failed, as PNG; None when there was none.  Raises Refusal."""
        if not (self.folder(name) / ERROR_MAP_PNG).exists():
            return None
        return self.part(name, ERROR_MAP_PNG)

    def row(self, name: str) -> Row:
        """What was recorded of the peak; the clip keeps it.  Raises Refusal."""
        event, content = self.get(name), self.part(name, CLIP_MCAP)
        try:
            for kept in frames_in(content):
                if kept.stamp_ns == event.peak_ns and kept.row is not None:
                    return kept.row
        except READ_ERRORS as error:
            raise damaged(f"event {name}: {CLIP_MCAP} cannot be read ({error})", id=name) from error
        raise damaged(f"event {name}: {CLIP_MCAP} does not hold its peak", id=name)

    def kept_at(self, stamp_ns: int) -> tuple[bytes, Row]:
        """Picture and row of a frame that some event's clip kept.

        Raises Refusal: with the interval that is kept when the stamp is of no frame in it.
        """
        with refusals(""), self.evidence.reading() as index:
            spans = [(one.id, *clip_span(readable(one))) for one in index.select()[0]]
        if not spans:
            raise not_ready("NO_FRAMES", "there are no events, and so no frames")
        around = [span for span in spans if span[1] <= stamp_ns <= span[2]]
        for name, _, _ in around:
            for kept in frames_in(self.part(name, CLIP_MCAP)):
                if kept.stamp_ns == stamp_ns and kept.jpeg is not None and kept.row is not None:
                    return kept.jpeg, kept.row
        near = around or spans
        first, last = min(one[1] for one in near), max(one[2] for one in near)
        raise outside("stamp_ns", first, last, "no picture that was kept")

    def part(self, name: str, file: str) -> bytes:
        """One file of the bundle, as it was stored.  Raises Refusal."""
        bundle = self.folder(name)
        with refusals(name):
            return read_part(bundle, file)

    def folder(self, name: str) -> Path:
        """Raises Refusal unless there is an event of that id."""
        self.entry(name)
        return self.evidence.folder / name


def clip_span(event: Event) -> tuple[int, int]:
    """Stamps of the first and the last frame that its clip keeps [ns]"""
    return event.clip_start_ns or event.start_ns, event.clip_end_ns or event.end_ns


def required(name: str) -> str:
    """A name from outside becomes part of a path only when it is a plain name.  Raises Refusal."""
    if not EVENT_ID.fullmatch(name):
        raise invalid("id", "must be the id of an event, as ListEvents gives it")
    return name


def readable(entry: Entry) -> Event:
    """Raises Refusal."""
    if entry.event is None:
        raise damaged(f"event {entry.id}: {entry.damage}", id=entry.id)
    return entry.event


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """What goes wrong with the evidence of an event, as a refusal."""
    try:
        yield
    except Unknown as error:
        raise unknown("EVENT_UNKNOWN", f"there is no event {name}", id=name) from error
    except Damaged as error:
        raise damaged(f"event {name}: {error}", id=name) from error
    except Busy as error:
        raise busy(str(error), RETRY_S) from error
    except BlockingIOError as error:
        raise busy("somebody else is writing into the evidence folder", RETRY_S) from error
    except Conflict as error:
        raise Refusal(code_pb2.ABORTED, str(error), error_info("EVENT_CHANGED", id=name)) from error
    except Pinned as error:
        raise not_ready("EVENT_PINNED", str(error)) from error
    except Reused as error:
        raise invalid("request_id", str(error)) from error
    except BadInput as error:
        raise invalid(error.field, error.remedy) from error
    except OSError as error:
        text = f"the evidence folder cannot be written: {error.strerror}"
        raise not_ready("EVIDENCE_NOT_WRITABLE", text) from error
