"""Settings with groups as one list of dotted names.  Knows nothing of ROS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any


def flat(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """(parameter name, value, meaning) of every field, groups included."""
    for one in fields(settings):
        name, value = prefix + one.name, getattr(settings, one.name)
        if is_dataclass(value):
            yield from flat(value, f"{name}.")
        else:
            yield name, value, one.metadata.get("doc", "")
