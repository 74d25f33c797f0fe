"""Criteria as YAML: read, checked key by key, and refused in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from road_clarity.evaluation.criteria.kinds import KINDS, Criterion, EventWithin
from road_clarity.evaluation.text_files import read_text
from road_clarity.models.errors import BadInput
from road_clarity.safety.event_table import TABLE


@dataclass(frozen=True)
class Criteria:
    file: str
    criteria: tuple[Criterion, ...]


def read_criteria(path: Path) -> Criteria:
    """Raises BadInput."""
    try:
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise BadInput(
            "criteria file", path, f"is no YAML: {' '.join(str(error).split())}"
        ) from error
    listed = content.get("criteria") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed or set(content) != {"criteria"}:
        raise BadInput("criteria file", path, "must hold `criteria:` with a list, and nothing else")
    found = tuple(criterion(one, f"{path}, number {n}") for n, one in enumerate(listed, 1))
    return Criteria(str(path), found)


def criterion(said: Any, where: str) -> Criterion:
    """Raises BadInput."""
    if not isinstance(said, Mapping) or "kind" not in said:
        raise BadInput("criterion", where, f"must have a kind: {', '.join(KINDS)}")
    kind = KINDS.get(said["kind"]) if isinstance(said["kind"], str) else None
    if kind is None:
        raise BadInput("criterion", where, f"no kind {said['kind']}; use {', '.join(KINDS)}")
    known = {one.name: one for one in fields(kind)}
    given = {key: value for key, value in said.items() if key != "kind"}
    for key, value in given.items():
        if key not in known:
            remedy = f"{kind.kind} has no {key}; it has {', '.join(known)}"
            raise BadInput("criterion", where, remedy)
        given[key] = fitting(value, known[key].default, f"{where}: {key}")
    try:
        made = kind(**given)
    except BadInput as error:
        raise BadInput("criterion", where, str(error)) from error
    require_code(getattr(made, "code", ""), where)
    if isinstance(made, EventWithin) and made.after_s >= made.before_s:
        raise BadInput("criterion", where, f"after_s {made.after_s:g} is not below before_s")
    return made


def fitting(value: Any, default: Any, where: str) -> Any:
    """Of the default's type; a whole number may stand for any.  Raises BadInput."""
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise BadInput("criterion", where, f"must be a {type(default).__name__}, not {value!r}")
    return value


def require_code(code: str, where: str) -> None:
    if code and code not in TABLE:
        raise BadInput("criterion", where, f"no reason has the code {code}; see docs/risk.md")
