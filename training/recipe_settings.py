"""A recipe's settings from a YAML file and from the command line: its dataclass, checked.

The dataclass is the one home of a setting: names, types, defaults, ranges and meanings are its.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from road_clarity.models.errors import BadInput
from road_clarity.safety.settings import Checked

Settings = TypeVar("Settings", bound=Checked)

KINDS = {
    int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path",
}  # fmt: skip


def read_file(path: Path) -> dict[str, Any]:
    """Name -> value, as YAML has them.  Raises BadInput."""
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise BadInput("config", path, f"{error.strerror}; shipped are config/train") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput("config", path, f"is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise BadInput("config", path, "must hold lines of `setting: value`")
    return {str(name): value for name, value in content.items()}


def read_changes(changes: list[str]) -> dict[str, Any]:
    """Name -> value of every `name=value`.  Raises BadInput."""
    values = {}
    for change in changes:
        name, given, text = change.partition("=")
        if not given:
            raise BadInput("set", change, "write name=value, such as steps=2000")
        values[name.replace("-", "_")] = from_text(name, text)
    return values


def from_text(name: str, text: str) -> Any:
    """A value as the command line writes it.  Raises BadInput."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(name, text, "cannot be read; quote it as in YAML") from error


def make(cls: type[Settings], values: Mapping[str, Any]) -> Settings:
    """The settings, with the dataclass's defaults for the rest.  Raises BadInput."""
    known = {one.name: one for one in fields(cls)}
    for name in values:
        if name not in known:
            raise BadInput("setting", name, f"is unknown here; there are {', '.join(known)}")
    for name, one in known.items():
        if one.default is MISSING and name not in values:
            raise BadInput(name, "is missing", f"give {meaning(one)} in the config or by --{name}")
    hints = get_type_hints(cls)
    return cls(**{name: typed(name, value, hints[name]) for name, value in values.items()})


def meaning(one: Field[Any]) -> str:
    doc: str = one.metadata.get("doc", one.name)
    return doc


def typed(name: str, value: Any, hint: Any) -> Any:
    """value as a `hint`.  Raises BadInput."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return optional(name, value, hint)
    if origin is tuple:
        if not isinstance(value, list):
            raise BadInput(name, value, "must be a list, such as [1, 2]")
        return tuple(typed(name, one, get_args(hint)[0]) for one in value)
    return plain(name, value, hint)


def optional(name: str, value: Any, hint: Any) -> Any:
    """value as X of `X | None`"""
    (inner,) = (one for one in get_args(hint) if one is not types.NoneType)
    return None if value is None else typed(name, value, inner)


def plain(name: str, value: Any, kind: type) -> Any:
    """value as an int, float, bool, str or Path"""
    if kind is float and isinstance(value, int | str) and not isinstance(value, bool):
        value = number(value)  # YAML takes 1 for an int and 1e-4 for a text
    elif kind is Path and isinstance(value, str) and value:
        return Path(value)
    if type(value) is not kind:
        raise BadInput(name, value, f"must be {KINDS[kind]}")
    return value


def number(value: int | str) -> float | str:
    """As float where it is one."""
    try:
        return float(value)
    except ValueError:
        return str(value)
