"""What is told of every call: one line of JSON in the log, and numbers for Prometheus."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import perf_counter

import grpc
from google.rpc import code_pb2

from road_clarity.service.access import NO_ROLE

log = logging.getLogger("road_clarity.calls")
REQUEST_ID = "x-request-id"  # in the metadata of the request and of the answer
USABLE_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")


@dataclass
class Call:
    """One call as it goes on; status: of google.rpc.Code."""

    method: str
    request_id: str
    client: str = ""
    role: str = NO_ROLE
    status: str = "OK"
    ms: float = 0.0


Watcher = Callable[[Call], None]


@contextmanager
def watched(
    method: str, context: grpc.ServicerContext, watchers: tuple[Watcher, ...]
) -> Iterator[Call]:
    """The call, which is told to the watchers when it is over, however it ends."""
    call, started = Call(method, request_id(context)), perf_counter()
    with suppress(grpc.RpcError):  # the caller has left
        context.send_initial_metadata(((REQUEST_ID, call.request_id),))
    try:
        yield call
    finally:
        call.ms = (perf_counter() - started) * 1e3
        if call.status == "OK" and not context.is_active():
            call.status = code_pb2.Code.Name(code_pb2.CANCELLED)
        for watcher in watchers:
            watcher(call)


def request_id(context: grpc.ServicerContext) -> str:
    """The caller's own, where it can stand in a log, else a new one."""
    given = dict(context.invocation_metadata()).get(REQUEST_ID, "")
    if isinstance(given, str) and USABLE_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex


def tell_log(call: Call) -> None:
    """One line of JSON."""
    line = {
        "request_id": call.request_id,
        "method": call.method,
        "client": call.client,
        "role": call.role,
        "status": call.status,
        "ms": round(call.ms, 3),
    }
    log.info("%s", json.dumps(line))
