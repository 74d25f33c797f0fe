"""The fault matrix of docs/faults.md: made from the marks on the tests that show it.

@pytest.mark.fault("camera stops", state="unknown: input.missing", within="0.4 s", back="0.5 s")
A test that shows more of a fault that another one describes names it only.  Tests are read.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from road_clarity.models.errors import BadInput

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- matrix: made by `make safety` -->", "<!-- end of matrix -->"
SAYS = ("state", "within", "back")


@dataclass
class Fault:
    """What is said of a fault, and the tests that show it."""

    name: str
    said: dict[str, str] = field(default_factory=dict)  # by SAYS
    tests: list[tuple[str, str]] = field(default_factory=list)  # file, name


@dataclass(frozen=True)
class Mark:
    name: str
    said: dict[str, str]
    file: str
    test: str


def marks_in(source: str, file: str) -> Iterator[Mark]:
    """The fault marks of one test file.  Raises BadInput for one that says half of it."""
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for one in node.decorator_list:
            if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.fault":
                said = {word.arg or "": ast.literal_eval(word.value) for word in one.keywords}
                if said and tuple(said) != SAYS:
                    raise BadInput(f"{file}::{node.name}", tuple(said), f"say {', '.join(SAYS)}")
                yield Mark(ast.literal_eval(one.args[0]), said, file, node.name)


def marks_of(folder: Path) -> list[Mark]:
    return [
        mark
        for path in sorted(folder.glob("test_*.py"))
        for mark in marks_in(path.read_text(), path.name)
    ]


def faults_of(marks: Sequence[Mark]) -> list[Fault]:
    """In the order of the tests.  Raises BadInput for a fault described twice, or by nobody."""
    found: dict[str, Fault] = {}
    for mark in marks:
        fault = found.setdefault(mark.name, Fault(mark.name))
        fault.tests.append((mark.file, mark.test))
        if mark.said and fault.said:
            raise BadInput(f"{mark.file}::{mark.test}", mark.name, "is described already")
        fault.said = fault.said or mark.said
    for fault in found.values():
        if not fault.said:
            raise BadInput("fault", fault.name, f"no test says {', '.join(SAYS)}")
    return list(found.values())


def matrix(faults: Sequence[Fault]) -> str:
    """One row a fault; below, the tests by name, which are sentences."""
    rows = ["| | fault | what the risk says | within | back after |", "|---|---|---|---|---|"]
    for number, fault in enumerate(faults, start=1):
        said = " | ".join(fault.said[one] for one in SAYS)
        rows.append(f"| {number} | {fault.name} | {said} |")
    rows += ["", "Shown by:", ""]
    for number, fault in enumerate(faults, start=1):
        for file, test in fault.tests:
            words = test.removeprefix("test_").replace("_", " ")
            rows.append(f"- {number}: {words} (`{file}`)")
    return "\n".join(rows)


def page() -> str:
    """docs/faults.md as it should be.  Raises BadInput."""
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{matrix(faults_of(marks_of(ROOT / 'tests')))}\n{END}{after}"


def main() -> int:
    try:
        written = page()
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    PAGE.write_text(written)
    print(PAGE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
