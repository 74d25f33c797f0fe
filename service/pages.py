"""Pages of a list (google.aip.dev/158): a token says where the last page ended, and of which list.

It holds the sort key of the last entry, not its number, so that new entries shift nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from road_clarity.service.errors import invalid

DEFAULT_SIZE, MAX_SIZE, MAX_TOKEN = 50, 1000, 500
Key = tuple[float, str]


def page_size(asked: int) -> int:
    """Raises Refusal for a negative size; more than the most is the most."""
    if asked < 0:
        raise invalid("page_size", f"must be in 0..{MAX_SIZE}, got {asked}")
    return min(asked or DEFAULT_SIZE, MAX_SIZE)


def make_token(last: Key, question: str) -> str:
    """last: sort key of the page's last entry; question: everything that must stay the same."""
    content = json.dumps([*last, digest(question)]).encode()
    return base64.urlsafe_b64encode(content).decode()


def read_token(token: str, question: str) -> Key | None:
    """None for the first page.  Raises Refusal for a token of another question, or none of ours."""
    if not token:
        return None
    try:
        if len(token) > MAX_TOKEN:
            raise ValueError("too long")
        value, name, asked = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        if not isinstance(value, (int, float)):  # a stamp stays whole: a float cannot hold it
            raise TypeError("no number")
    except (binascii.Error, ValueError, TypeError) as error:
        raise invalid("page_token", "is none that was given out for this list") from error
    if asked != digest(question):
        raise invalid(
            "page_token", "belongs to another filter or order_by; start from the first page"
        )
    return value, str(name)


def digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:16]
