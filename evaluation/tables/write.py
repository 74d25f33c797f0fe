"""Run folders as Parquet: TABLES/frames/RUN.parquet and TABLES/events/RUN.parquet.

A run that is written again replaces its files, so that tables grow run by run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from road_clarity.evaluation.tables.columns import (
    EVENTS,
    FRAMES,
    event_records,
    frame_records,
)
from road_clarity.evaluation.units.extras import fleet_package
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.index_row import Entry
from road_clarity.pipeline.evidence.store import Evidence
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.run_clips import summary_of
from road_clarity.pipeline.run_folder import read_rows

BATCH = 10_000  # rows in memory at a time


def write_tables(
    runs: Sequence[Path], out: Path, seen: Callable[[], None] = lambda: None
) -> dict[str, int]:
    """How many rows each table got.  seen: called for every run.

    Raises BadInput for what is no finished run, for two runs of one name, or without pyarrow.
    """
    fleet_package("pyarrow", "Parquet")
    named = {run.absolute().name: run for run in runs}
    if len(named) < len(runs):
        raise BadInput("runs", ", ".join(map(str, runs)), "must have names of their own")
    counts = {"frames": 0, "events": 0}
    for name, run in named.items():
        rows = frame_records(name, with_recording(run))
        counts["frames"] += write(out / "frames" / f"{name}.parquet", FRAMES, rows)
        records = event_records(name, entries(run))
        counts["events"] += write(out / "events" / f"{name}.parquet", EVENTS, records)
        seen()
    return counts


def with_recording(run: Path) -> Iterator[tuple[str, Row]]:
    """Every row with the name of its recording.  Raises BadInput."""
    starts = {one["start_ns"]: one["name"] for one in summary_of(run).get("sources", [])}
    name = ""
    for row in read_rows(run):
        name = starts.get(row["stamp_ns"], name)
        yield name, row


def entries(run: Path) -> list[Entry]:
    """Events with their labels."""
    evidence = Evidence(run)
    try:
        with evidence.reading() as index:
            return index.select()[0]
    finally:
        evidence.close()


def write(path: Path, columns: Mapping[str, Any], records: Iterable[dict[str, Any]]) -> int:
    """Readers see the old file or the new one."""
    arrow, parquet = fleet_package("pyarrow", "Parquet"), fleet_package("pyarrow.parquet", "it")
    schema, count, left = schema_of(columns), 0, iter(records)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
            while batch := list(islice(left, BATCH)):
                writer.write_table(arrow.Table.from_pylist(batch, schema))
                count += len(batch)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def schema_of(columns: Mapping[str, Any]) -> Any:
    """columns: as in evaluation.tables.columns"""
    arrow = fleet_package("pyarrow", "Parquet")

    def kind(told: Any) -> Any:
        if isinstance(told, str):
            return arrow.type_for_alias(told)
        return arrow.list_(arrow.struct([(name, kind(one)) for name, one in told.items()]))

    return arrow.schema([(name, kind(told)) for name, told in columns.items()])
