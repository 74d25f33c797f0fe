"""Which tests hold which safety claim: tables made from the marks on the tests.

docs/safety/claims.yaml names hazards and claims; a test says which claims it holds by
`@pytest.mark.claim("blind")`, a whole file by `pytestmark`.  Tests are read, not run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from road_clarity.models.errors import BadInput

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "safety"
BEGIN, END = "<!-- hazards: made by `make safety` -->", "<!-- end of hazards -->"
HEADER = """# Claims and the tests that hold them
Made by `make safety` from [claims.yaml](claims.yaml) and the marks on the tests; change nothing
here by hand. Every test runs in `make test`. A test shows that a claim holds in the cases it tries,
not that it always does.
"""


@dataclass(frozen=True)
class Claim:
    """Something that is said to hold, and the hazard it stands against."""

    name: str
    hazard: str
    text: str


@dataclass(frozen=True)
class Held:
    """A test and a claim that it holds."""

    claim: str
    file: str
    test: str

    @property
    def words(self) -> str:
        """The test's name is a sentence."""
        return self.test.removeprefix("test_").replace("_", " ")


def read_claims(text: str) -> tuple[dict[str, str], list[Claim]]:
    """Hazards by number, claims in order.  Raises BadInput for a claim against no hazard."""
    content: dict[str, Any] = yaml.safe_load(text)
    claims = [Claim(name, one["hazard"], one["text"]) for name, one in content["claims"].items()]
    for claim in claims:
        if claim.hazard not in content["hazards"]:
            raise BadInput(f"claims.{claim.name}.hazard", claim.hazard, "name one of `hazards`")
    return content["hazards"], claims


def held_in(source: str, file: str) -> Iterator[Held]:
    """The marks of one test file."""
    tree = ast.parse(source)
    whole = [
        name
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
        for name in marks(node.value)
    ]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            own = [name for one in node.decorator_list for name in marks(one)]
            yield from (Held(name, file, node.name) for name in [*whole, *own])


def marks(tree: ast.expr) -> Iterator[str]:
    """Claims named by pytest.mark.claim(...) anywhere below."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.claim":
            yield from (ast.literal_eval(argument) for argument in node.args)


def held_by_tests(folder: Path) -> list[Held]:
    files = sorted(folder.glob("test_*.py"))
    return [held for path in files for held in held_in(path.read_text(), path.name)]


def hazards_table(hazards: dict[str, str], claims: list[Claim]) -> str:
    rows = ["| | hazard | claims against it |", "|---|---|---|"]
    for number, text in hazards.items():
        names = ", ".join(f"`{c.name}`" for c in claims if c.hazard == number)
        rows.append(f"| {number} | {text} | {names or 'none'} |")
    return "\n".join(rows)


def claims_page(hazards: dict[str, str], claims: list[Claim], held: list[Held]) -> str:
    """Raises BadInput for a claim without a test, and for a mark that names no claim."""
    known = {claim.name for claim in claims}
    for one in held:
        if one.claim not in known:
            raise BadInput(f"{one.file}::{one.test}", one.claim, "marks no claim of claims.yaml")
    parts = [HEADER]
    for claim in claims:
        tests = [one for one in held if one.claim == claim.name]
        if not tests:
            raise BadInput("claim", claim.name, "no test holds it; mark one, or take it back")
        lines = [f"- {one.words} (`{one.file}`)" for one in tests]
        against = f"Against {claim.hazard}: {hazards[claim.hazard]}"
        parts.append(f"## `{claim.name}`: {claim.text}\n{against}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def with_hazards(page: str, table: str) -> str:
    """The page with the table between its two comments."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def pages() -> dict[Path, str]:
    """Contents of the two pages, as they should be.  Raises BadInput."""
    hazards, claims = read_claims((FOLDER / "claims.yaml").read_text())
    readme = FOLDER / "README.md"
    return {
        FOLDER / "claims.md": claims_page(hazards, claims, held_by_tests(ROOT / "tests")),
        readme: with_hazards(readme.read_text(), hazards_table(hazards, claims)),
    }


def main() -> int:
    try:
        written = pages()
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    for path, text in written.items():
        path.write_text(text)
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
