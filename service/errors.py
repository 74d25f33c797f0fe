"""Answers that are refusals: a status code, a sentence, and details that a program can read.

After google.aip.dev/193: every refusal carries a google.rpc.Status with an ErrorInfo (a stable
reason) and, where it helps, the fields at fault or when to try again.
"""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "road_clarity"


class Refusal(Exception):
    """Raised anywhere below a servicer; the guard (service.guard) turns it into a status."""

    def __init__(self, code: int, text: str, *details: Any) -> None:
        """code: of google.rpc.Code; details: messages of google.rpc."""
        super().__init__(text)
        self.code, self.text, self.details = code, text, details

    @property
    def is_late(self) -> bool:
        return bool(self.code == code_pb2.DEADLINE_EXCEEDED)

    def status(self) -> grpc.Status:
        packed = [Packed() for _ in self.details]
        for box, detail in zip(packed, self.details, strict=True):
            box.Pack(detail)
        return rpc_status.to_status(
            status_pb2.Status(code=self.code, message=self.text, details=packed)
        )


def error_info(reason: str, **metadata: str) -> Any:
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)


def invalid(field: str, text: str) -> Refusal:
    """A field of the request that cannot be used."""
    fault = error_details_pb2.BadRequest.FieldViolation(field=field, description=text)
    return Refusal(
        code_pb2.INVALID_ARGUMENT,
        f"{field}: {text}",
        error_info("FIELD_INVALID", field=field),
        error_details_pb2.BadRequest(field_violations=[fault]),
    )


def unknown(reason: str, text: str, **metadata: str) -> Refusal:
    """Something that does not exist, such as EVENT_UNKNOWN."""
    return Refusal(code_pb2.NOT_FOUND, text, error_info(reason, **metadata))


def outside(field: str, first: int, last: int, what: str = "no frame of the run") -> Refusal:
    """A stamp or number of no recorded frame; the answer holds those of the first and the last."""
    kept = error_info("OUTSIDE_RUN", field=field, first=str(first), last=str(last))
    text = f"{field}: {what}, which goes from {first} to {last}"
    return Refusal(code_pb2.OUT_OF_RANGE, text, kept)


def not_ready(reason: str, text: str) -> Refusal:
    """The request is fine, but what it asks of is not in the state to answer it."""
    return Refusal(code_pb2.FAILED_PRECONDITION, text, error_info(reason))


def damaged(text: str, **metadata: str) -> Refusal:
    """Evidence that was recorded and can no longer be read."""
    return Refusal(code_pb2.DATA_LOSS, text, error_info("EVIDENCE_DAMAGED", **metadata))


def late(text: str) -> Refusal:
    return Refusal(code_pb2.DEADLINE_EXCEEDED, text, error_info("DEADLINE"))


def busy(what: str, retry_s: float) -> Refusal:
    """All places are taken; worth another try after retry_s [s]."""
    again = error_details_pb2.RetryInfo()
    again.retry_delay.FromMilliseconds(round(retry_s * 1e3))
    text = f"{what}; try again in {retry_s:g} s"
    return Refusal(code_pb2.RESOURCE_EXHAUSTED, text, error_info("BUSY"), again)
