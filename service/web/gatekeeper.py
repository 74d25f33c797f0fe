"""Who may ask the page's server: a browser on this machine that shows our own page.

Another site's page must not read what is here (its name may be made to point to 127.0.0.1, which is
DNS rebinding), nor make this server do anything (which is CSRF).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from google.rpc import code_pb2

from road_clarity.service.errors import Refusal, error_info

HOSTS = {"127.0.0.1", "localhost", "::1"}
TOKEN = "X-Road-Clarity-Token"


class Gatekeeper:
    """The token is made anew whenever the server starts; only our page can read it."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)

    def admit(self, headers: Mapping[str, str]) -> None:
        """For every request.  Raises Refusal."""
        if name_in(f"//{headers.get('Host', '')}") not in HOSTS:
            raise denied("HOST_FOREIGN", "ask by the name 127.0.0.1 or localhost")

    def admit_change(self, headers: Mapping[str, str]) -> None:
        """For what works or writes.  Raises Refusal."""
        origin = headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("Host"):
            raise denied("ORIGIN_FOREIGN", "only the page itself may ask this")
        given = headers.get(TOKEN, "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self.token.encode()):
            raise denied("TOKEN_WRONG", "the server was started again; reload the page")


def name_in(address: str) -> str | None:
    """Raises nothing: an address that cannot be read is nobody's."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def denied(reason: str, text: str) -> Refusal:
    return Refusal(code_pb2.PERMISSION_DENIED, text, error_info(reason))
