"""Filters and orders of event lists: comparisons joined by AND, a part of google.aip.dev/160."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from road_clarity.pipeline.events import Event
from road_clarity.safety.level import LEVELS
from road_clarity.service.errors import Refusal, invalid

Value = str | float
Test = Callable[[Event], bool]

MAX_LENGTH = 1000  # of a filter [characters]
TOKEN = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<operator>[<>!]=|[<>=:])|(?P<word>[^\s"<>=!:]+))')
COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "=": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    ":": lambda text, part: str(part).casefold() in str(text).casefold(),
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One thing that events can be chosen by; a code has several values."""

    values: Callable[[Event], Sequence[Value]]
    parse: Callable[[str], Value]  # raises ValueError
    hint: str


def level_rank(name: str) -> Value:
    """The place among the levels, unknown last.  Raises ValueError."""
    return LEVELS.index(name.lower())


def score_of(event: Event) -> float:
    """A score that could not be computed counts as the worst."""
    return 1.0 if event.score is None else event.score


def number(name: str) -> Field:
    return Field(lambda event: [getattr(event, name)], int, "a whole number")


FIELDS: dict[str, Field] = {
    "id": Field(lambda event: [event.id], str, "text"),
    "source": Field(lambda event: [event.source], str, "text"),
    "code": Field(lambda event: [reason["code"] for reason in event.reasons], str, "text"),
    "level": Field(
        lambda event: [level_rank(event.level)], level_rank, "one of " + ", ".join(LEVELS)
    ),
    "score": Field(lambda event: [score_of(event)], float, "a number"),
    **{name: number(name) for name in ("start_ns", "end_ns", "peak_ns", "peak_index")},
}
ORDERS: dict[str, Callable[[Event], float]] = {
    "start_ns": lambda event: event.start_ns,
    "peak_ns": lambda event: event.peak_ns,
    "score": score_of,
}


def parse_filter(text: str) -> list[Test]:
    """All of the tests must hold.  Raises Refusal that says where and why."""
    words = tokens(text)
    tests: list[Test] = []
    while words:
        if tests and words.pop(0) != ("word", "AND"):
            raise refused("join comparisons with AND; OR, NOT and brackets are not known")
        if len(words) < 3 or [kind for kind, _ in words[:2]] != ["word", "operator"]:
            raise refused(
                'write FIELD OPERATOR VALUE, such as level >= elevated or code = "lane.lost"'
            )
        (_, name), (_, sign), (_, value) = words[:3]
        tests.append(comparison(name, sign, value))
        words = words[3:]
    return tests


def tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) each.  Raises Refusal."""
    if len(text) > MAX_LENGTH:
        raise refused(f"has {len(text)} characters, at most {MAX_LENGTH} are read")
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise refused(f"not understood from character {at + 1} on")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def comparison(name: str, sign: str, text: str) -> Test:
    """Raises Refusal."""
    if name not in FIELDS:
        raise refused(f"no field {name!r}; there are {', '.join(FIELDS)}")
    field = FIELDS[name]
    try:
        wanted = field.parse(text)
    except ValueError as error:
        raise refused(f"{name} is compared with {field.hint}, not with {text!r}") from error
    if sign == ":" and field.hint != "text":
        raise refused(f": looks inside text, {name} is {field.hint}")
    compare = COMPARE[sign]
    combine = all if sign == "!=" else any  # code != x: no reason has that code
    return lambda event: combine(compare(value, wanted) for value in field.values(event))


def refused(text: str) -> Refusal:
    return invalid("filter", text)


@dataclass(frozen=True)
class Order:
    """By a number, then by id, so that no two events are equal."""

    name: str
    descending: bool

    def key(self, event: Event) -> tuple[float, str]:
        value = ORDERS[self.name](event)
        return (-value if self.descending else value), event.id


def parse_order(text: str) -> Order:
    """Raises Refusal."""
    name, _, direction = (text.strip() or "start_ns").partition(" ")
    if name not in ORDERS or direction.strip() not in ("", "asc", "desc"):
        raise invalid("order_by", f"use one of {', '.join(ORDERS)}, with ' desc' for largest first")
    return Order(name, direction.strip() == "desc")
