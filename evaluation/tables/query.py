"""Questions in SQL about the tables of many runs, answered by DuckDB.

Views: frames, events; reasons (a row per frame and reason), stages (a row per frame and stage).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Number
from pathlib import Path
from typing import Any

from road_clarity.evaluation.units.extras import fleet_package
from road_clarity.models.errors import BadInput

VIEWS = {
    "reasons": "SELECT run, source, index, stamp_ns, step_s, level, one.code, one.share"
    " FROM (SELECT *, unnest(reasons) AS one FROM frames)",
    "stages": "SELECT run, source, index, stamp_ns, one.stage, one.ms"
    " FROM (SELECT *, unnest(latency) AS one FROM frames)",
}


@dataclass(frozen=True)
class Answer:
    columns: list[str]
    rows: list[tuple[Any, ...]]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def ask(tables: Path, sql: str) -> Answer:
    """Raises BadInput for a folder without tables and for what DuckDB does not understand."""
    duckdb = fleet_package("duckdb", "queries")
    with duckdb.connect() as database:
        for name in ("frames", "events"):
            files = sorted(str(one) for one in (tables / name).glob("*.parquet"))
            if not files:
                remedy = f"holds no {name}/*.parquet; make them with `road-clarity tables`"
                raise BadInput("tables", tables, remedy)
            database.read_parquet(files).create_view(name)
        for name, view in VIEWS.items():
            database.execute(f"CREATE VIEW {name} AS {view}")
        try:
            found = database.execute(sql)
            return Answer([one[0] for one in found.description or []], found.fetchall())
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise BadInput("query", sql.strip().splitlines()[0], reason) from error


def answer_text(answer: Answer) -> str:
    """Columns under each other; numbers to the right."""
    told = [[shown(value) for value in row] for row in answer.rows]
    widths = [
        max(len(name), *(len(row[at]) for row in told)) if told else len(name)
        for at, name in enumerate(answer.columns)
    ]
    return "\n".join(lines(answer, told, widths))


def lines(answer: Answer, told: list[list[str]], widths: list[int]) -> Iterator[str]:
    names = zip(answer.columns, widths, strict=True)
    yield "  ".join(name.ljust(width) for name, width in names).rstrip()
    for texts, row in zip(told, answer.rows, strict=True):
        cells = (
            text.rjust(width) if isinstance(value, Number) else text.ljust(width)
            for text, value, width in zip(texts, row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()


def shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
