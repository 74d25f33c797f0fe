"""`road-clarity tables`, `query` and `mine`: many runs together; heavy imports wait."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="run folders")]


def tables(
    runs: Runs, out: Annotated[Path, typer.Option(help="folder of tables to write or add to")]
) -> None:
    """Frames and events of runs as Parquet, for `road-clarity query` and other tools."""
    from road_clarity.evaluation.tables.write import write_tables

    counts = write_tables(runs, out)
    print(", ".join(f"{out / name}/: {count} {name}" for name, count in counts.items()))


def query(
    folder: Annotated[Path, typer.Argument(metavar="TABLES", help="made by `tables`")],
    sql: Annotated[str, typer.Argument(help="asks views frames, events, reasons, stages")],
    as_json: Annotated[bool, typer.Option("--json", help="a list of objects")] = False,
) -> None:
    """A question in SQL about the tables of all runs."""
    from road_clarity.evaluation.tables.query import answer_text, ask

    answer = ask(folder, sql)
    print(json.dumps(answer.records, default=str) if as_json else answer_text(answer))


def mine(
    runs: Runs,
    out: Annotated[Path, typer.Option(help="new folder for the clips and their index")],
    top: Annotated[int, typer.Option(min=1, help="how many clips at most")] = 20,
    seconds: Annotated[float, typer.Option(min=0.1, help="length of a clip [s]")] = 4.0,
) -> None:
    """The hardest clips of runs as MCAP: by risk, disagreement of modules, and novelty."""
    from road_clarity.evaluation.mine.mined import mine as take

    found = take(runs, out, top, seconds)
    if not found:
        print("nothing in these runs is hard")
    for one in found:
        print(f"{out / one['file']}  {one['source']} frame {one['frame']}: {one['text']}")
