"""EventService: the flagged moments of the run."""

from __future__ import annotations

import grpc

from road_clarity.service import messages
from road_clarity.service.event_filter import parse_filter, parse_order
from road_clarity.service.event_store import EventStore
from road_clarity.service.gen import event_service_pb2 as pb
from road_clarity.service.pages import make_token, page_size, read_token


class EventServicer:
    """Contract: msgs/proto/road_clarity/v1/event_service.proto."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def GetEvent(self, request: pb.GetEventRequest, context: grpc.ServicerContext) -> pb.Event:
        answer = messages.event(self._store.get(request.id))
        if request.view != pb.EVENT_VIEW_BASIC:
            overlay, error_map = self._store.overlay(request.id), self._store.error_map(request.id)
            answer.overlay.CopyFrom(messages.picture(messages.JPEG, overlay))
            if error_map is not None:
                answer.error_map.CopyFrom(messages.picture(messages.PNG, error_map))
        return answer

    def ListEvents(
        self, request: pb.ListEventsRequest, context: grpc.ServicerContext
    ) -> pb.ListEventsResponse:
        size, tests = page_size(request.page_size), parse_filter(request.filter)
        order, question = parse_order(request.order_by), f"{request.filter}\n{request.order_by}"
        after = read_token(request.page_token, question)
        events, unreadable = self._store.all()
        events = sorted((e for e in events if all(test(e) for test in tests)), key=order.key)
        rest = [event for event in events if after is None or order.key(event) > after]
        page = rest[:size]
        return pb.ListEventsResponse(
            events=[messages.event(event) for event in page],
            next_page_token=make_token(order.key(page[-1]), question) if len(rest) > size else "",
            total_size=len(events),
            unreadable_ids=unreadable,
        )
