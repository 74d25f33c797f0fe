"""Filters and orders of event lists: comparisons joined by AND, a part of google.aip.dev/160.

They become conditions of the index; nothing from outside is ever part of the SQL.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from road_clarity.pipeline.evidence.event import Event
from road_clarity.pipeline.evidence.index import KEYS, Condition
from road_clarity.pipeline.evidence.journal import LABELS
from road_clarity.safety.level import LEVELS
from road_clarity.service.errors import Refusal, invalid

Value = str | float

MAX_LENGTH = 1000  # of a filter [characters]
TOKEN = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<operator>[<>!]=|[<>=:])|(?P<word>[^\s"<>=!:]+))')
MOST = float(2**63)  # what the index holds as a whole number is below


@dataclass(frozen=True)
class Field:
    """One thing that events can be chosen by."""

    column: str
    parse: Callable[[str], Value]  # raises ValueError
    hint: str


def level_rank(name: str) -> Value:
    """The place among the levels, unknown last.  Raises ValueError."""
    return LEVELS.index(name.lower())


def label_of(name: str) -> Value:
    """Raises ValueError."""
    return LABELS[LABELS.index(name.upper())]


def truth(name: str) -> Value:
    """Raises ValueError."""
    return ("false", "true").index(name.lower())


def whole(text: str) -> Value:
    """A whole number, as a float where the index could not hold it.  Raises ValueError."""
    value = int(text)
    return value if abs(value) < MOST else math.copysign(math.inf, value)


def real(text: str) -> Value:
    """Raises ValueError for what is no number, nan included."""
    value = float(text)
    if math.isnan(value):
        raise ValueError("nan")
    return value


FIELDS: dict[str, Field] = {
    "id": Field("id", str, "text"),
    "source": Field("source", str, "text"),
    "code": Field("code", str, "text"),
    "level": Field("level", level_rank, "one of " + ", ".join(LEVELS)),
    "score": Field(KEYS["score"], real, "a number"),  # one that is not known counts as the worst
    "label": Field("label", label_of, "one of " + ", ".join(LABELS)),
    "bundle_id": Field("bundle_id", str, "text"),
    "pinned": Field("pinned", truth, "true or false"),
    **{
        name: Field(name, whole, "a whole number")
        for name in ("start_ns", "end_ns", "peak_ns", "peak_index")
    },
}


def parse_filter(text: str) -> list[Condition]:
    """All of the conditions must hold.  Raises Refusal that says where and why."""
    words = tokens(text)
    found: list[Condition] = []
    while words:
        if found and words.pop(0) != ("word", "AND"):
            raise refused("join comparisons with AND; OR, NOT and brackets are not known")
        if len(words) < 3 or [kind for kind, _ in words[:2]] != ["word", "operator"]:
            raise refused(
                'write FIELD OPERATOR VALUE, such as level >= elevated or code = "lane.lost"'
            )
        (_, name), (_, sign), (_, value) = words[:3]
        found.append(comparison(name, sign, value))
        words = words[3:]
    return found


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


def comparison(name: str, sign: str, text: str) -> Condition:
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
    sql = "instr(fold({0}), fold(?)) > 0" if sign == ":" else f"{{0}} {sign} ?"
    if name != "code":
        return Condition(sql.format(field.column), (wanted,))
    # An event has several codes; code != x means that none of them is x.
    sign_of_none = "NOT " if sign == "!=" else ""
    inside = sql.replace("!=", "=").format("codes.code")
    return Condition(
        f"{sign_of_none}EXISTS (SELECT 1 FROM codes WHERE codes.event_id = marked.id AND {inside})",
        (wanted,),
    )


def refused(text: str) -> Refusal:
    return invalid("filter", text)


@dataclass(frozen=True)
class Order:
    """By a number, then by id, so that no two events are equal."""

    name: str
    descending: bool

    def key(self, event: Event) -> tuple[float, str]:
        """Where the event stands in this order."""
        value: float = 1.0 if getattr(event, self.name) is None else getattr(event, self.name)
        return (-value if self.descending else value), event.id


def parse_order(text: str) -> Order:
    """Raises Refusal."""
    name, _, direction = (text.strip() or "start_ns").partition(" ")
    if name not in KEYS or direction.strip() not in ("", "asc", "desc"):
        raise invalid("order_by", f"use one of {', '.join(KEYS)}, with ' desc' for largest first")
    return Order(name, direction.strip() == "desc")
