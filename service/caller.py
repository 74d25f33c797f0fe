"""Who is calling, as their certificate says."""

from __future__ import annotations

import grpc

COMMON_NAME = "x509_common_name"


def name_of(context: grpc.ServicerContext, said: str) -> str:
    """The name in the caller's certificate; without one, what they say of themselves."""
    names = context.auth_context().get(COMMON_NAME, ())
    return names[0].decode(errors="replace") if names else said
