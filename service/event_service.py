"""EventService: the flagged moments of the run, what they resemble, and what people say of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Protocol

import grpc
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.evidence.index_row import Entry
from road_clarity.pipeline.evidence.journal import LABELS
from road_clarity.service import messages
from road_clarity.service.caller import name_of
from road_clarity.service.errors import invalid, not_ready
from road_clarity.service.event_export import exported, parts
from road_clarity.service.event_filter import parse_filter, parse_order
from road_clarity.service.event_store import EventStore, readable, refusals, required
from road_clarity.service.explain_queue import ExplainQueue
from road_clarity.service.gen import event_service_pb2 as pb
from road_clarity.service.pages import make_token, page_size, read_token
from road_clarity.service.picture import decode
from road_clarity.service.places import Places

REQUEST_ID = re.compile(r"[0-9A-Za-z_-]{0,64}")
MOST_NOTE, MOST_WHO, MOST_ETAG = 2000, 200, 100  # [characters]
MOST_NEIGHBOURS, NEIGHBOURS = 100, 10
EXPORTS = 4  # at a time: each holds its file in memory


class Placer(Protocol):
    """Places pictures among scenes; one thread at a time."""

    def place(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], str]:
        """Where the picture lies (D,), and the space it lies in."""
        ...


def load_placer(space: str) -> Placer:
    """Raises BadInput when the weights of that space are not those that are here."""
    from road_clarity.pipeline.evidence.placer import WorldPlacer  # torch takes seconds to import

    return WorldPlacer(space)


class EventServicer:
    """Contract: msgs/proto/road_clarity/v1/event_service.proto."""

    def __init__(
        self,
        store: EventStore,
        queue: ExplainQueue,
        load: Callable[[str], Placer] = load_placer,
    ) -> None:
        """load: makes what places pictures in a space, when first asked for"""
        self._store, self._queue, self._placer = store, queue, cache(load)
        self._exports = Places(EXPORTS, f"{EXPORTS} exports are running already", 1.0)

    def GetEvent(self, request: pb.GetEventRequest, context: grpc.ServicerContext) -> pb.Event:
        found = self._store.entry(request.id)
        answer = self._told(found)
        if request.view != pb.EVENT_VIEW_BASIC:
            overlay, error_map = self._store.overlay(request.id), self._store.error_map(request.id)
            answer.overlay.CopyFrom(messages.picture(messages.JPEG, overlay))
            if error_map is not None:
                answer.error_map.CopyFrom(messages.picture(messages.PNG, error_map))
        return answer

    def ListEvents(
        self, request: pb.ListEventsRequest, context: grpc.ServicerContext
    ) -> pb.ListEventsResponse:
        size, conditions = page_size(request.page_size), parse_filter(request.filter)
        order, question = parse_order(request.order_by), f"{request.filter}\n{request.order_by}"
        after = read_token(request.page_token, question)
        with refusals(""), self._store.evidence.reading() as index:
            found, total = index.select(conditions, order.name, order.descending, after, size + 1)
            unreadable = index.unreadable()
        page = found[:size]
        more = len(found) > size
        token = make_token(order.key(readable(page[-1])), question) if more else ""
        return pb.ListEventsResponse(
            events=[messages.event(one) for one in page],
            next_page_token=token,
            total_size=total,
            unreadable_ids=unreadable,
        )

    def SearchSimilarEvents(
        self, request: pb.SearchSimilarEventsRequest, context: grpc.ServicerContext
    ) -> pb.SearchSimilarEventsResponse:
        if request.count < 0:
            raise invalid("count", f"must be in 0..{MOST_NEIGHBOURS}, got {request.count}")
        count = min(request.count or NEIGHBOURS, MOST_NEIGHBOURS)
        match request.WhichOneof("like"):
            case "event_id":
                wanted, space = self._place_of(required(request.event_id))
            case "image":
                # Unpacked and placed on the queue's thread, as explanations are.
                wanted, space = self._queue.run(lambda _: self._placed(request.image), context)
            case _:
                raise invalid("like", "give one of event_id, image")
        with refusals(request.event_id):
            near, compared = self._store.evidence.similar(wanted, space, count, request.event_id)
        neighbours = [
            pb.SearchSimilarEventsResponse.Neighbour(event=messages.event(one), distance=distance)
            for one, distance in near
        ]
        return pb.SearchSimilarEventsResponse(neighbours=neighbours, space=space, compared=compared)

    def LabelEvent(self, request: pb.LabelEventRequest, context: grpc.ServicerContext) -> pb.Event:
        require_sayable(request)
        require_short("note", request.note, MOST_NOTE)
        if request.label not in range(1, len(LABELS) + 1):
            raise invalid("label", f"use one of EVENT_LABEL_{', EVENT_LABEL_'.join(LABELS)}")
        self._store.entry(request.id)
        with refusals(request.id):
            found = self._store.evidence.label(
                request.id, LABELS[request.label - 1], name_of(context, request.who),
                request.note, request.etag, request.request_id,
            )  # fmt: skip
        return self._told(found)

    def PinEvent(self, request: pb.PinEventRequest, context: grpc.ServicerContext) -> pb.Event:
        require_sayable(request)
        self._store.entry(request.id)
        with refusals(request.id):
            who = name_of(context, request.who)
            found = self._store.evidence.pin(
                request.id, request.pinned, who, request.etag, request.request_id
            )
        return self._told(found)

    def DeleteEvent(
        self, request: pb.DeleteEventRequest, context: grpc.ServicerContext
    ) -> pb.DeleteEventResponse:
        required(request.id)
        require_short("who", request.who, MOST_WHO)
        require_short("etag", request.etag, MOST_ETAG)
        with refusals(request.id):  # a damaged one may be deleted as well
            self._store.evidence.delete(request.id, name_of(context, request.who), request.etag)
        return pb.DeleteEventResponse()

    def ExportEvent(
        self, request: pb.ExportEventRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ExportEventResponse]:
        if request.format not in pb.ExportFormat.values():
            raise invalid("format", "use EXPORT_FORMAT_CLIP or EXPORT_FORMAT_BUNDLE")
        bundle = self._store.folder(request.id)
        with self._exports.taken():
            with refusals(request.id):
                name, content = exported(bundle, request.format == pb.EXPORT_FORMAT_BUNDLE)
            yield from parts(name, content, self._store.entry(request.id).bundle_id)

    def _told(self, found: Entry) -> pb.Event:
        """The event with everything that was said of it."""
        answer = messages.event(found)
        with refusals(found.id):
            said = self._store.evidence.history(found.id)
        answer.history.extend(
            messages.mark(one) for one in said if one.bundle_id == found.bundle_id
        )
        return answer

    def _place_of(self, name: str) -> tuple[NDArray[np.float32], str]:
        """Raises Refusal."""
        self._store.entry(name)
        with refusals(name), self._store.evidence.reading() as index:
            space, found = index.embedding(name)
        if found is None:
            raise not_ready("NO_EMBEDDING", f"event {name} was stored without a world model")
        return found, space

    def _placed(self, content: bytes) -> tuple[NDArray[np.float32], str]:
        """Raises Refusal, BadInput."""
        image = decode(content, "image")
        with refusals(""), self._store.evidence.reading() as index:
            space = index.newest_space()
        if not space:
            raise not_ready("NO_EMBEDDING", "no event was stored with a world model")
        return self._placer(space).place(image)


def require_sayable(request: pb.LabelEventRequest | pb.PinEventRequest) -> None:
    """What labels and pins have in common.  Raises Refusal."""
    required(request.id)
    require_short("who", request.who, MOST_WHO)
    require_short("etag", request.etag, MOST_ETAG)
    if not REQUEST_ID.fullmatch(request.request_id):
        raise invalid("request_id", "must be at most 64 letters, digits, - and _")


def require_short(field: str, text: str, most: int) -> None:
    """Raises Refusal."""
    if len(text) > most:
        raise invalid(field, f"has {len(text)} characters, at most {most} are kept")
