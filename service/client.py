"""The client: asks the server, and turns its refusals into sentences for the command line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from road_clarity.models.errors import BadInput
from road_clarity.service.address import Tls, host_of
from road_clarity.service.gen import event_service_pb2 as pb
from road_clarity.service.gen import (
    event_service_pb2_grpc,
    explanation_service_pb2,
    explanation_service_pb2_grpc,
    scene_pb2,
)

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg"}
MAX_MESSAGE = 64 << 20  # pictures of a whole frame come in one message [bytes]


class Client:
    """One connection; every call raises BadInput when the server refuses or cannot be reached."""

    def __init__(self, channel: grpc.Channel, address: str, timeout_s: float) -> None:
        self._events = event_service_pb2_grpc.EventServiceStub(channel)
        self._explanations = explanation_service_pb2_grpc.ExplanationServiceStub(channel)
        self._address, self._timeout_s = address, timeout_s

    def events(self, text: str, order_by: str) -> Iterator[pb.Event]:
        """All events that match the filter, page after page."""
        request = pb.ListEventsRequest(filter=text, order_by=order_by)
        while True:
            page = self._ask(self._events.ListEvents, request)
            yield from page.events
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def event(self, name: str) -> pb.Event:
        found: pb.Event = self._ask(self._events.GetEvent, pb.GetEventRequest(id=name))
        return found

    def label(self, name: str, label: str, note: str, who: str, etag: str) -> pb.Event:
        """label: as EventLabel has it, without its prefix"""
        request = pb.LabelEventRequest(
            id=name, label=pb.EventLabel.Value(f"EVENT_LABEL_{label}"), note=note, who=who,
            etag=etag, request_id=uuid4().hex,
        )  # fmt: skip
        return cast(pb.Event, self._ask(self._events.LabelEvent, request))

    def pin(self, name: str, pinned: bool, who: str) -> pb.Event:
        request = pb.PinEventRequest(id=name, pinned=pinned, who=who, request_id=uuid4().hex)
        return cast(pb.Event, self._ask(self._events.PinEvent, request))

    def delete(self, name: str, who: str) -> None:
        self._ask(self._events.DeleteEvent, pb.DeleteEventRequest(id=name, who=who))

    def similar(self, count: int, **like: Any) -> pb.SearchSimilarEventsResponse:
        """like: one of event_id, image"""
        request = pb.SearchSimilarEventsRequest(count=count, **like)
        return cast(
            pb.SearchSimilarEventsResponse, self._ask(self._events.SearchSimilarEvents, request)
        )

    def export(self, name: str, everything: bool) -> tuple[str, bytes]:
        """Name and content of the file.  Raises BadInput when it did not arrive as it was sent."""
        kind = pb.EXPORT_FORMAT_BUNDLE if everything else pb.EXPORT_FORMAT_CLIP
        request = pb.ExportEventRequest(id=name, format=kind)
        try:
            parts = list(self._events.ExportEvent(request, timeout=self._timeout_s))
        except grpc.RpcError as error:
            raise refused(error, self._address) from error
        content = b"".join(part.content for part in parts)
        if hashlib.sha256(content).hexdigest() != parts[-1].sha256:
            raise BadInput("event", name, "did not arrive whole; export it again")
        return parts[0].file_name, content

    def explain(self, method: str, **frame: Any) -> explanation_service_pb2.Explanation:
        """method: a name, or empty for the server's own; frame: one of event_id, index, image."""
        request = explanation_service_pb2.ExplainFrameRequest(method=method, **frame)
        answer: explanation_service_pb2.Explanation = self._ask(
            self._explanations.ExplainFrame, request
        )
        return answer

    def what_if(
        self, changes: Sequence[Mapping[str, Any]], during_s: float | None, **request: Any
    ) -> explanation_service_pb2.ProbeCounterfactualResponse:
        """changes: fields of Intervention; request: event_id or index, and before_s"""
        asked = explanation_service_pb2.ProbeCounterfactualRequest(
            interventions=changes, during_s=during_s, **request
        )
        answer: explanation_service_pb2.ProbeCounterfactualResponse = self._ask(
            self._explanations.ProbeCounterfactual, asked
        )
        return answer

    def _ask(self, method: Callable[..., Any], request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            raise refused(error, self._address) from error


@contextmanager
def connected(address: str, tls: Tls | None, timeout_s: float) -> Iterator[Client]:
    """timeout_s: for each answer [s].  Raises BadInput."""
    host_of(address)  # gRPC would wait for what is no address
    options = [("grpc.max_receive_message_length", MAX_MESSAGE)]
    if tls is None:
        channel = grpc.insecure_channel(address, options)
    else:
        channel = grpc.secure_channel(address, tls.client(), options)
    with channel:
        yield Client(channel, address, timeout_s)


def refused(error: grpc.RpcError, address: str) -> BadInput:
    """The server's refusal as a sentence with a remedy."""
    code, text = error.code(), error.details()
    if code is grpc.StatusCode.UNAVAILABLE:
        return BadInput(
            "server",
            address,
            "cannot be reached; start it with `road-clarity serve RUN_DIR`, "
            "or give certificates if it asks for them",
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return BadInput("server", address, "did not answer in time; allow more with --timeout")
    for violation in violations(error):
        return BadInput(violation.field, "refused", violation.description)
    return BadInput("request", "refused", f"{text} ({code.name})")


def violations(error: grpc.RpcError) -> list[Any]:
    """The fields that the server found fault with."""
    status = rpc_status.from_call(error)
    found = error_details_pb2.BadRequest()
    for detail in status.details if status else ():
        if detail.Unpack(found):
            return list(found.field_violations)
    return []


def save_pictures(folder: Path, pictures: dict[str, scene_pb2.Picture]) -> list[Path]:
    """Write the pictures that are there; their suffix follows their kind.  Raises BadInput."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, picture in pictures.items():
            if picture.content:
                path = folder / (name + SUFFIXES[picture.media_type])
                path.write_bytes(picture.content)
                written.append(path)
        return written
    except OSError as error:
        raise BadInput("output folder", folder, f"cannot be written: {error.strerror}") from error


def pictures_of(answer: explanation_service_pb2.Explanation) -> dict[str, scene_pb2.Picture]:
    """By the name of their file."""
    maps = {file_name(f"eigen_cam {one.network}"): one.picture for one in answer.network_maps}
    sheets = {one.name: one.picture for one in answer.sheets}
    found = {"error_map": answer.error_map, "reconstruction": answer.reconstruction}
    return {**found, **maps, **sheets}


def file_name(words: str) -> str:
    return re.sub(r"\W+", "_", words)


def asked_for(what: str) -> dict[str, Any]:
    """A file is a picture, a number a frame of the run, all else an event.  Raises BadInput."""
    path = Path(what)
    if path.is_file():
        if path.stat().st_size > MAX_MESSAGE:
            raise BadInput("picture", path, "is too large; give one of at most 12 MiB")
        return {"image": path.read_bytes()}
    return {"index": int(what)} if what.isdecimal() else {"event_id": what}
