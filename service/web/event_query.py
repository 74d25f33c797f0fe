"""The page's filters as a filter of ListEvents, so that both choose the same events."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from road_clarity.service.errors import invalid
from road_clarity.service.gen.event_service_pb2 import ListEventsRequest

NS = 1_000_000_000
# Where a filter of the page has the name, the comparison that it means.
COMPARISONS = {
    "level": "level >= {}", "code": "code = {}", "source": "source = {}", "text": "id : {}",
    "label": "label = {}", "pinned": "pinned = {}",
}  # fmt: skip


def list_request(query: Mapping[str, str], first_ns: int) -> ListEventsRequest:
    """first_ns: stamp of the run's first frame, where the page's time begins.  Raises Refusal."""
    tests = [
        form.format(quoted(name, query[name]))
        for name, form in COMPARISONS.items()
        if query.get(name)
    ]
    # An event is in a span of time when any part of it is.
    for name, form in (("from_s", "end_ns >= {}"), ("until_s", "start_ns <= {}")):
        if query.get(name):
            tests.append(form.format(first_ns + nanoseconds(name, query[name])))
    return ListEventsRequest(
        filter=" AND ".join(tests),
        order_by=query.get("order_by", ""),
        page_token=query.get("page_token", ""),
    )


def quoted(name: str, text: str) -> str:
    """Raises Refusal for what would end the quotation."""
    if '"' in text:
        raise invalid(name, "must not hold a quotation mark")
    return f'"{text}"'


def nanoseconds(name: str, text: str) -> int:
    """Seconds from outside.  Raises Refusal."""
    try:
        value = Decimal(text)
        if not abs(value) < 10**10:  # also refuses nan
            raise InvalidOperation
    except InvalidOperation as error:
        raise invalid(name, f"must be seconds, got {text[:40]!r}") from error
    return int(value * NS)
