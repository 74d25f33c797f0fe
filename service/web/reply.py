"""Answers of the page's server: JSON, pictures, and refusals with the same words as over gRPC."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from google.rpc import code_pb2, error_details_pb2

from road_clarity.service.errors import Refusal

JSON = "application/json; charset=utf-8"
# The mapping of google.rpc.Code; what is not here is a failure of ours.
STATUS = {
    code_pb2.INVALID_ARGUMENT: 400, code_pb2.OUT_OF_RANGE: 400, code_pb2.FAILED_PRECONDITION: 400,
    code_pb2.UNAUTHENTICATED: 401, code_pb2.PERMISSION_DENIED: 403, code_pb2.NOT_FOUND: 404,
    code_pb2.ABORTED: 409, code_pb2.ALREADY_EXISTS: 409, code_pb2.RESOURCE_EXHAUSTED: 429,
    code_pb2.UNIMPLEMENTED: 501, code_pb2.UNAVAILABLE: 503, code_pb2.DEADLINE_EXCEEDED: 504,
}  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """retry_s: when to ask again [s]."""

    status: int
    media_type: str
    content: bytes
    retry_s: int | None = None


def as_json(content: Any, status: int = 200, retry_s: int | None = None) -> Reply:
    """Whole numbers beyond 2**53, as stamps are, reach a browser to within a microsecond."""
    return Reply(status, JSON, json.dumps(content, allow_nan=False).encode(), retry_s=retry_s)


def refused(refusal: Refusal) -> Reply:
    """The code by its name, the sentence, the fields at fault, and when to try again [s]."""
    fields, retry_s = [], None
    for detail in refusal.details:
        if isinstance(detail, error_details_pb2.BadRequest):
            fields = [one.field for one in detail.field_violations]
        if isinstance(detail, error_details_pb2.RetryInfo):
            retry_s = max(detail.retry_delay.seconds, 1)
    error = {"code": code_pb2.Code.Name(refusal.code), "text": refusal.text, "fields": fields}
    return as_json({"error": error}, STATUS.get(refusal.code, 500), retry_s)
