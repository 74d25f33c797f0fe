"""Who may call what: one role per certificate, one least role per method, all else is refused.

The role is in the certificate's URI (subjectAltName), a SPIFFE ID (SPIFFE-ID, section 2; an
X.509-SVID has exactly one URI): spiffe://TRUST-DOMAIN/road-clarity/role/labeller.  Which domain is
not looked at, because the authority that signs the clients' certificates is already our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import grpc
from google.rpc import code_pb2

from road_clarity.service.errors import Refusal, error_info

VIEWER, LABELLER, ADMIN = "viewer", "labeller", "admin"
ROLES = (VIEWER, LABELLER, ADMIN)  # each may do what those before it may
NO_ROLE = ""
ROLE_URI = re.compile(r"spiffe://[a-z0-9._-]+/road-clarity/role/([a-z]+)")

PACKAGE = "/road_clarity.v1."
LEAST_ROLE = {
    "RiskService/GetRiskState": VIEWER,
    "RiskService/StreamRisk": VIEWER,
    "RiskService/QueryRiskSeries": VIEWER,
    "EventService/ListEvents": VIEWER,
    "EventService/GetEvent": VIEWER,
    "EventService/SearchSimilarEvents": VIEWER,
    "EventService/ExportEvent": VIEWER,
    "EventService/LabelEvent": LABELLER,
    "EventService/PinEvent": LABELLER,
    "EventService/DeleteEvent": ADMIN,
    "ExplanationService/ExplainFrame": VIEWER,
    "ExplanationService/ExplainEvent": VIEWER,
    "ExplanationService/ProbeCounterfactual": VIEWER,
    "ExplanationService/ScoreExplanation": VIEWER,
    "ExplanationService/CompareExplanations": VIEWER,
    "ExplanationService/ListMethods": VIEWER,
    "CalibrationService/GetCalibration": VIEWER,
    "CalibrationService/ListCalibrations": VIEWER,
    "CalibrationService/CheckDrift": VIEWER,
    "CalibrationService/Calibrate": ADMIN,
    "CalibrationService/ActivateCalibration": ADMIN,
    "ModelService/ListModels": VIEWER,
    "ModelService/GetModel": VIEWER,
    "ModelService/GetReconstruction": VIEWER,
}


@dataclass(frozen=True)
class Caller:
    """name: for limits and the log, the same for all connections of one client."""

    name: str
    role: str


def caller(context: grpc.ServicerContext, local_role: str) -> Caller:
    """local_role: of those who come without TLS, which only this machine can."""
    shown = context.auth_context()
    if shown.get("transport_security_type") != [b"ssl"]:
        return Caller(host(context.peer()), local_role)
    names = shown.get("x509_common_name") or [b"nameless"]
    return Caller(names[0].decode(errors="replace"), role_of(shown.get("peer_uri", ())))


def role_of(uris: tuple[bytes, ...] | list[bytes]) -> str:
    """The role that a certificate with these URIs names; none when it names several, or another."""
    if len(uris) != 1:
        return NO_ROLE
    found = ROLE_URI.fullmatch(uris[0].decode(errors="replace"))
    return found[1] if found and found[1] in ROLES else NO_ROLE


def host(peer: str) -> str:
    """ipv4:127.0.0.1:4711 -> ipv4:127.0.0.1, as every connection has another port."""
    return peer.rpartition(":")[0] if peer.startswith(("ipv4:", "ipv6:")) else "unix"


def admit(method: str, role: str) -> None:
    """method: EventService/GetEvent.  Raises Refusal when the role is not enough."""
    least = LEAST_ROLE.get(method)
    if least is None:
        raise denied(method, role, f"{method} is open to nobody", "nobody")
    if role not in ROLES or ROLES.index(role) < ROLES.index(least):
        having = f"the certificate says {role}" if role else "the certificate names no role"
        raise denied(method, role, f"{method} takes the role {least}; {having}", least)


def denied(method: str, role: str, text: str, needed: str) -> Refusal:
    info = error_info("ROLE_TOO_LOW", method=method, role=role, needed=needed)
    return Refusal(code_pb2.PERMISSION_DENIED, text, info)
