"""The guard around every method: a refusal becomes its status, a surprise becomes INTERNAL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import code_pb2

from road_clarity.models.errors import BadInput
from road_clarity.service.access import ADMIN, PACKAGE, admit, caller
from road_clarity.service.calls import Call, Watcher, tell_log, watched
from road_clarity.service.errors import Refusal, error_info, invalid
from road_clarity.service.rate_limit import RateLimit

log = logging.getLogger(__name__)
OURS = "/road_clarity."
Method = Callable[[Any, grpc.ServicerContext], Any]


class Guard(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no type information
    """The one place where exceptions leave the service.  Methods are unary or server streams."""

    def __init__(
        self,
        limit: RateLimit | None = None,
        local_role: str = ADMIN,
        watchers: tuple[Watcher, ...] = (tell_log,),
    ) -> None:
        """local_role: of callers without TLS; watchers: are told of every call when it is over."""
        self._limit, self._local_role = limit or RateLimit(), local_role
        self._watchers = watchers
        self._running = 0
        self._idle = threading.Condition()

    @property
    def running(self) -> int:
        """Calls that have not ended."""
        return self._running

    def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(details)
        if handler is None or not details.method.startswith(OURS):
            return handler
        name = details.method.removeprefix(PACKAGE)
        codec = readable(handler.request_deserializer), handler.response_serializer
        if handler.response_streaming:
            stream = self._stream(handler.unary_stream, name)
            return grpc.unary_stream_rpc_method_handler(stream, *codec)
        unary = self._unary(handler.unary_unary, name)
        return grpc.unary_unary_rpc_method_handler(unary, *codec)

    def wait_until_idle(self, timeout_s: float) -> None:
        """Until no call is running, for at most timeout_s [s]."""
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, timeout_s)

    def ask(self, name: str, method: Method, request: Any, context: Any, role: str) -> Any:
        """A unary method, asked from inside this process under the same rules.  Raises Refusal."""
        with self._counted(), watched(name, context, self._watchers) as call:
            try:
                self._admit(call, context, role)
                return method(request, context)
            except Exception as error:
                raise refusal_of(error, call) from error

    def _unary(self, method: Method, name: str) -> Method:
        def run(request: Any, context: grpc.ServicerContext) -> Any:
            with self._counted(), watched(name, context, self._watchers) as call:
                try:
                    self._admit(call, context)
                    return method(understood(request), context)
                except Exception as error:
                    refusal = refusal_of(error, call)
                return context.abort_with_status(refusal.status())

        return run

    def _stream(self, method: Method, name: str) -> Method:
        def run(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._counted(), watched(name, context, self._watchers) as call:
                try:
                    self._admit(call, context)
                    yield from method(understood(request), context)
                    return
                except Exception as error:
                    refusal = refusal_of(error, call)
                context.abort_with_status(refusal.status())

        return run

    def _admit(
        self, call: Call, context: grpc.ServicerContext, local_role: str | None = None
    ) -> None:
        """Raises Refusal for who may not call this, or calls too often."""
        who = caller(context, local_role or self._local_role)
        call.client, call.role = who.name, who.role
        self._limit.take(who.name)
        admit(call.method, who.role)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()


def readable(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Hands on what is wrong with the bytes, where gRPC itself would only say INTERNAL."""

    def read(content: bytes) -> Any:
        try:
            return parse(content)
        except DecodeError as error:
            return error

    return read


def understood(request: Any) -> Any:
    """Raises Refusal for bytes that were no request."""
    if isinstance(request, DecodeError):
        raise invalid("request", "the bytes are no message of this method")
    return request


def refusal_of(error: Exception, call: Call) -> Refusal:
    """What the caller is told.  Only refusals and BadInput speak for themselves."""
    refusal = told(error, call)
    call.status = code_pb2.Code.Name(refusal.code)
    return refusal


def told(error: Exception, call: Call) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, BadInput):
        return Refusal(code_pb2.FAILED_PRECONDITION, str(error), error_info("BAD_INPUT"))
    log.error("%s failed, request %s", call.method, call.request_id, exc_info=error)
    return Refusal(
        code_pb2.INTERNAL, "failed inside; the server's log says why", error_info("INTERNAL")
    )
