"""Settings, once: default, meaning and range stand in a dataclass; all else is made from it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from road_clarity.models.errors import BadInput


def setting(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    among: tuple[str, ...] | None = None,
) -> Any:
    """A dataclass field that knows its meaning.

    Numbers know their closed range [low, high], and words the ones there are to choose among.
    """
    told = {"doc": doc, "low": low, "high": high, "among": among}
    return field(default=default, metadata=told)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Base of every settings class: refuses values out of range, nan included, and other words."""

    def __post_init__(self) -> None:
        for one in fields(self):
            low, high = one.metadata.get("low"), one.metadata.get("high")
            value = getattr(self, one.name)
            below = low is not None and not value >= low
            above = high is not None and not value <= high
            if below or above:
                raise BadInput(one.name, value, f"must be in [{low}, {high}]")
            among = one.metadata.get("among")
            if among is not None and value not in among:
                raise BadInput(one.name, value, f"use one of {', '.join(among)}")
