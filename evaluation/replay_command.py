"""`road-clarity replay`; heavy imports wait until it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from road_clarity.evaluation.commands import Fps, MaxFrames, Topic, interruptible, progress
from road_clarity.evaluation.units.config import WorkConfig

if TYPE_CHECKING:
    from road_clarity.evaluation.units.unit import Reading

ABOUT = {one.name: one.metadata for one in fields(WorkConfig)}


def of_work(name: str, *flags: str) -> Any:
    """The option of a setting: meaning and range stand in WorkConfig."""
    said = ABOUT[name]
    return typer.Option(*flags, help=said["doc"], min=said["low"], max=said["high"])


def replay(
    sources: Annotated[
        list[Path], typer.Argument(help="videos, GIFs, image folders, rosbag2, .mcap, .db3")
    ],
    out: Annotated[Path, typer.Option(help="run folder to write; an earlier run is replaced")],
    preset: Annotated[str, typer.Option(help="edge, paper or tiny")] = "edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    max_frames: MaxFrames = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="part.field=value, such as safety.high=0.7")
    ] = None,
    topic: Topic = None,
    fps: Fps = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="print summary.json only")] = False,
    criteria: Annotated[
        Path | None, typer.Option(help="YAML file of what must hold; exit code 1 when it does not")
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="a run folder per recording: OUT/NAME")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(help="folder where finished units stay for other runs")
    ] = None,
    shard: Annotated[float, of_work("shard_s")] = WorkConfig.shard_s,
    lead: Annotated[float, of_work("lead_s")] = WorkConfig.lead_s,
    threads: Annotated[int, of_work("threads")] = WorkConfig.threads,
    jobs: Annotated[int, of_work("jobs", "--jobs", "-j")] = WorkConfig.jobs,
    executor: Annotated[str, of_work("executor")] = WorkConfig.executor,
    address: Annotated[str, of_work("address")] = WorkConfig.address,
    attempts: Annotated[int, of_work("attempts")] = WorkConfig.attempts,
    patience: Annotated[float, of_work("patience_s")] = WorkConfig.patience_s,
) -> int:
    """Run recordings through the pipeline: what was flagged, when and why."""
    from road_clarity.evaluation.units.unit import Reading

    return carry_out(
        each_of(sources, out) if each else {out: sources},
        Reading(max_frames=max_frames, topic=topic, fps=fps),
        WorkConfig(
            shard_s=shard, lead_s=lead, threads=threads, jobs=jobs, executor=executor,
            address=address, attempts=attempts, patience_s=patience,
        ),
        (preset, device, settings or []),
        cache,
        criteria,
        as_json,
    )  # fmt: skip


def carry_out(
    runs: Mapping[Path, Sequence[Path]],
    reading: Reading,
    work: WorkConfig,
    pipeline: tuple[str, str, Sequence[str]],
    cache: Path | None,
    criteria: Path | None,
    as_json: bool,
) -> int:
    """runs: run folder -> its recordings; pipeline: preset, device, settings.  The exit code."""
    from road_clarity.evaluation.criteria.criteria_file import read_criteria
    from road_clarity.evaluation.criteria.verdicts import verdicts_of
    from road_clarity.evaluation.sources import open_source
    from road_clarity.evaluation.units.fleet import Order, replay_units, units_place
    from road_clarity.pipeline.perception import pick_device
    from road_clarity.pipeline.presets import override, preset
    from road_clarity.pipeline.run_folder import require_replaceable

    for out in runs:
        require_replaceable(out)  # before the minutes of work, not after
    how = asdict(reading)
    opened = [open_source(one, **how) for sources in runs.values() for one in sources]
    order = Order(
        config=override(preset(pipeline[0]), pipeline[2]),
        device=pick_device(pipeline[1]),
        reading=reading,
        work=work,
        cache=cache,
        verdicts=verdicts_of(read_criteria(criteria) if criteria else None),
    )
    try:
        with interruptible(), progress(opened, quiet=as_json) as seen:
            summaries = replay_units(runs, order, seen)
    except KeyboardInterrupt:
        if (stays := units_place(next(iter(runs)), cache)).is_dir():
            print(f"finished units stay in {stays}; start again to go on", file=sys.stderr)
        raise
    tell(summaries, as_json)
    bad = len(summaries) < len(runs) or any(map(is_bad, summaries.values()))
    return 1 if bad else 0


def each_of(sources: Sequence[Path], out: Path) -> dict[Path, list[Path]]:
    """A run for every recording; of those of one name, the later ones are numbered."""
    from road_clarity.evaluation.sources import name_of

    runs: dict[Path, list[Path]] = {}
    for source in sources:
        name, number = name_of(source), 1
        while (place := out / (name if number == 1 else f"{name}-{number}")) in runs:
            number += 1
        runs[place] = [source]
    return runs


def tell(summaries: dict[Path, dict[str, Any]], as_json: bool) -> None:
    """Of a single run its summary, of several a summary by run folder."""
    from road_clarity.evaluation.summary_text import summary_text

    if as_json:
        told = {str(out): one for out, one in summaries.items()}
        print(json.dumps(told if len(told) > 1 else next(iter(told.values())), indent=2))
        return
    print("\n\n".join(summary_text(one, out) for out, one in summaries.items()))


def is_bad(summary: dict[str, Any]) -> bool:
    """Whether a unit is missing, or a criterion does not hold."""
    criteria = summary.get("criteria") or {}
    return bool(summary["work"]["failed"]) or not criteria.get("passed", True)
