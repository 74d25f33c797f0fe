"""What a check found: its name, how bad it is, and the command or setting that fixes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.  The fields are the keys of its JSON, and stay as they are."""

    name: str  # of what was looked at: 'camera.rate'
    state: str  # ok, warn (works, but not as well as it could) or fail
    text: str
    fix: str = ""  # empty only when there is nothing to fix


def ok(name: str, text: str) -> Finding:
    return Finding(name, OK, text)


def warn(name: str, text: str, fix: str) -> Finding:
    return Finding(name, WARN, text, fix)


def fail(name: str, text: str, fix: str) -> Finding:
    return Finding(name, FAIL, text, fix)


def failed(findings: Iterable[Finding], names: Iterable[str]) -> bool:
    """Whether any of these checks failed."""
    wanted = set(names)
    return any(one.name in wanted and one.state == FAIL for one in findings)
