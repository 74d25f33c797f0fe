"""What the page asks and what it is answered: a path and a query in, a reply out.

No sockets here.  Every number comes from the servicers and stores that answer over gRPC.

    GET  /api/run                            what is served, and what can be asked
    GET  /api/risk?buckets=N                 QueryRiskSeries
    GET  /api/moment?s=SECONDS               GetRiskState, so long after the run's first frame
    GET  /api/events?level=&code=&source=&text=&from_s=&until_s=&order_by=&page_token=   ListEvents
    GET  /api/events/ID                      GetEvent, without pictures
    GET  /api/events/ID/PICTURE              frame.png, overlay.jpg or error_map.png
    GET  /api/events/ID/clip                 the frames around the event, as frames.jsonl has them,
                                             and where their pictures are
    GET  /api/events/ID/clip/STAMP.jpg       a picture that the event's own clip keeps
    GET  /api/frames/INDEX/clip              the frames around that one
    GET  /api/frames/INDEX.jpg               the camera's picture
    POST /api/call/METHOD                    that method; its request as protobuf JSON
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from google.protobuf.json_format import ParseDict, ParseError

from road_clarity.pipeline.events import ERROR_MAP_PNG, FRAME_PNG, OVERLAY_JPG
from road_clarity.pipeline.run_folder import MCAP
from road_clarity.service.calls import Call
from road_clarity.service.errors import invalid, not_ready, outside, unknown
from road_clarity.service.gen import risk_service_pb2
from road_clarity.service.gen.event_service_pb2 import EVENT_VIEW_BASIC, GetEventRequest
from road_clarity.service.guard import told
from road_clarity.service.messages import JPEG, PNG
from road_clarity.service.run_log import Mark
from road_clarity.service.run_pictures import picture_at
from road_clarity.service.web.asked import CALLS, Asked, request_class
from road_clarity.service.web.clip import clip
from road_clarity.service.web.event_query import list_request, nanoseconds
from road_clarity.service.web.kept_clips import KeptClips
from road_clarity.service.web.reply import Reply, as_json, refused
from road_clarity.service.web.run_card import first_stamp, run_card
from road_clarity.service.web.shown import shown

Query = Mapping[str, str]
EVENT, FRAME = r"(?P<event>[^/]+)", r"(?P<frame>\d{1,12})"


class Api:
    """Safe to use from several threads, as what it asks is."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._kept = asked, KeptClips(asked.store)
        self._routes: list[tuple[re.Pattern[str], Callable[..., Reply]]] = [
            (re.compile(pattern), answer)
            for pattern, answer in (
                ("run", self._run),
                ("risk", self._risk),
                ("moment", self._moment),
                ("events", self._events),
                (f"events/{EVENT}", self._event),
                (f"events/{EVENT}/clip", self._event_clip),
                (f"events/{EVENT}/clip/(?P<stamp>[0-9]{{1,19}})[.]jpg", self._kept_picture),
                (f"events/{EVENT}/(?P<picture>[a-z_]+[.][a-z]+)", self._event_picture),
                (f"frames/{FRAME}/clip", self._frame_clip),
                (f"frames/{FRAME}[.]jpg", self._frame_picture),
            )
        ]

    def get(self, path: str, query: Query) -> Reply:
        """path: behind /api/, unquoted"""
        for pattern, answer in self._routes:
            if found := pattern.fullmatch(path):
                return guarded(f"GET {path}", partial(answer, query, **found.groupdict()))
        return nothing_at(path)

    def post(self, path: str, body: Any) -> Reply:
        """body: parsed JSON"""
        place, _, name = path.partition("/")
        if place != "call" or name not in CALLS:
            return nothing_at(path)
        return guarded(f"POST {path}", partial(self._call, name, body))

    def _run(self, query: Query) -> Reply:
        return as_json(run_card(self._asked))

    def _risk(self, query: Query) -> Reply:
        buckets = query.get("buckets", "0")
        if not buckets.isdecimal():
            raise invalid("buckets", "must be a whole number")
        request = risk_service_pb2.QueryRiskSeriesRequest(buckets=min(int(buckets), 2**31 - 1))
        return as_json(shown(self._asked.ask("RiskService/QueryRiskSeries", request)))

    def _moment(self, query: Query) -> Reply:
        stamp_ns = first_stamp(self._asked) + nanoseconds("s", query.get("s", ""))
        request = risk_service_pb2.GetRiskStateRequest(stamp_ns=stamp_ns)
        return as_json(shown(self._asked.ask("RiskService/GetRiskState", request)))

    def _events(self, query: Query) -> Reply:
        request = list_request(query, first_stamp(self._asked))
        return as_json(shown(self._asked.ask("EventService/ListEvents", request)))

    def _event(self, query: Query, event: str) -> Reply:
        request = GetEventRequest(id=event, view=EVENT_VIEW_BASIC)
        return as_json(shown(self._asked.ask("EventService/GetEvent", request)))

    def _event_picture(self, query: Query, event: str, picture: str) -> Reply:
        store = self._asked.store
        readers = {
            FRAME_PNG: (PNG, store.frame),
            OVERLAY_JPG: (JPEG, store.overlay),
            ERROR_MAP_PNG: (PNG, store.error_map),
        }
        if picture not in readers:
            raise unknown("PICTURE_UNKNOWN", f"an event has no {picture[:40]}")
        media_type, read = readers[picture]
        content = read(event)
        if content is None:
            raise not_ready("NO_WORLD_MODEL", "there was no world model, so there is no error map")
        return Reply(200, media_type, content)

    def _event_clip(self, query: Query, event: str) -> Reply:
        found = self._asked.store.get(event)
        if (self._asked.run / MCAP).is_file():
            return self._clip(found.start_index, found.end_index, found.peak_index)
        frames = self._kept.frames(event)
        at = [f"events/{quote(event)}/clip/{one.stamp_ns}.jpg" for one in frames]
        rows = [one.row for one in frames]
        return as_json({"peak_index": found.peak_index, "frames": rows, "pictures": at})

    def _kept_picture(self, query: Query, event: str, stamp: str) -> Reply:
        for one in self._kept.frames(event):
            if one.stamp_ns == int(stamp):
                return Reply(200, JPEG, one.jpeg)
        raise unknown("PICTURE_UNKNOWN", f"the clip of event {event} has no picture of {stamp}")

    def _frame_clip(self, query: Query, frame: str) -> Reply:
        return self._clip(int(frame), int(frame), int(frame))

    def _clip(self, first: int, last: int, peak: int) -> Reply:
        marks, log = self._marks(), self._asked.log
        for index in (first, last, peak):
            self._mark(index)
        rows = [log.row(mark) for mark in clip(marks, first, last, peak)]
        at = [f"frames/{row['index']}.jpg" for row in rows]
        return as_json({"peak_index": peak, "frames": rows, "pictures": at})

    def _frame_picture(self, query: Query, frame: str) -> Reply:
        mark = self._mark(int(frame))
        return Reply(200, JPEG, picture_at(self._asked.run, mark.stamp_ns))

    def _call(self, name: str, body: Any) -> Reply:
        kind = request_class(CALLS[name])
        try:
            request = ParseDict(body, kind())
        except (ParseError, TypeError, ValueError, AttributeError) as error:
            raise invalid("body", f"is no {kind.DESCRIPTOR.name}: {error}"[:300]) from error
        answer = self._asked.ask(CALLS[name], request)
        if name == "ExplainEvent":  # it was opened: what-if questions may follow
            self._asked.servicers["ExplanationService"].play_ahead(request.event_id)
        return as_json(shown(answer))

    def _marks(self) -> list[Mark]:
        """Raises Refusal while there is nothing yet."""
        marks = self._asked.log.marks()
        if not marks:
            raise not_ready("NO_FRAMES", "the run has no frames yet")
        return marks

    def _mark(self, index: int) -> Mark:
        """The frame of that number: they are numbered from 0 on.  Raises Refusal."""
        marks = self._marks()
        if not 0 <= index < len(marks):
            raise outside("index", 0, len(marks) - 1)
        return marks[index]


def guarded(name: str, answer: Callable[[], Reply]) -> Reply:
    """The one place where exceptions of the page's questions end."""
    try:
        return answer()
    except Exception as error:
        return refused(told(error, Call(name, request_id="page")))


def nothing_at(path: str) -> Reply:
    return refused(unknown("PATH_UNKNOWN", f"there is nothing at {path[:100]}"))
