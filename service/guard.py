"""The guard around every method: a refusal becomes its status, a surprise becomes INTERNAL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.rpc import code_pb2

from road_clarity.models.errors import BadInput
from road_clarity.service.errors import Refusal, error_info

log = logging.getLogger(__name__)
OURS = "/road_clarity."
Method = Callable[[Any, grpc.ServicerContext], Any]


class Guard(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no type information
    """The one place where exceptions leave the service.  Methods are unary or server streams."""

    def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(details)
        if handler is None or not details.method.startswith(OURS):
            return handler
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                guarded_stream(handler.unary_stream, details.method),
                handler.request_deserializer,
                handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            guarded(handler.unary_unary, details.method),
            handler.request_deserializer,
            handler.response_serializer,
        )


def guarded(method: Method, name: str) -> Method:
    def run(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(request, context)
        except Exception as error:
            refusal = refusal_of(error, name)
        return context.abort_with_status(refusal.status())

    return run


def guarded_stream(method: Method, name: str) -> Method:
    def run(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            yield from method(request, context)
            return
        except Exception as error:
            refusal = refusal_of(error, name)
        context.abort_with_status(refusal.status())

    return run


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
