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
from road_clarity.service.errors import Refusal, error_info, invalid

log = logging.getLogger(__name__)
OURS = "/road_clarity."
Method = Callable[[Any, grpc.ServicerContext], Any]


class Guard(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no type information
    """The one place where exceptions leave the service.  Methods are unary or server streams."""

    def __init__(self) -> None:
        self._running = 0
        self._idle = threading.Condition()

    def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(details)
        if handler is None or not details.method.startswith(OURS):
            return handler
        codec = readable(handler.request_deserializer), handler.response_serializer
        if handler.response_streaming:
            stream = self._stream(handler.unary_stream, details.method)
            return grpc.unary_stream_rpc_method_handler(stream, *codec)
        unary = self._unary(handler.unary_unary, details.method)
        return grpc.unary_unary_rpc_method_handler(unary, *codec)

    def wait_until_idle(self, timeout_s: float) -> None:
        """Until no call is running, for at most timeout_s [s]."""
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, timeout_s)

    def _unary(self, method: Method, name: str) -> Method:
        def run(request: Any, context: grpc.ServicerContext) -> Any:
            with self._counted():
                try:
                    return method(understood(request), context)
                except Exception as error:
                    refusal = refusal_of(error, name)
                return context.abort_with_status(refusal.status())

        return run

    def _stream(self, method: Method, name: str) -> Method:
        def run(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._counted():
                try:
                    yield from method(understood(request), context)
                    return
                except Exception as error:
                    refusal = refusal_of(error, name)
                context.abort_with_status(refusal.status())

        return run

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


def refusal_of(error: Exception, name: str) -> Refusal:
    """What the caller is told.  Only refusals and BadInput speak for themselves."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, BadInput):
        return Refusal(code_pb2.FAILED_PRECONDITION, str(error), error_info("BAD_INPUT"))
    log.error("%s failed", name, exc_info=error)
    return Refusal(
        code_pb2.INTERNAL, "failed inside; the server's log says why", error_info("INTERNAL")
    )
