"""`road-clarity diff`, `record` and `bench`; heavy imports wait until a command runs."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from road_clarity.evaluation.sources import Source

T = TypeVar("T")
SourcePath = Annotated[Path, typer.Argument(help="video, GIF, image folder, rosbag2, .mcap, .db3")]
MaxFrames = Annotated[int | None, typer.Option(min=1, help="stop a recording after so many frames")]
Topic = Annotated[str | None, typer.Option(help="camera topic of a bag; else the first by name")]
Fps = Annotated[float, typer.Option(help="frames per second of an image folder")]


def diff(
    first: Annotated[Path, typer.Argument(metavar="RUN_A", help="run folder")],
    second: Annotated[Path, typer.Argument(metavar="RUN_B", help="run folder to compare with it")],
    tolerance: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="how far the score of a frame may be off")
    ] = 0.0,
    most: Annotated[int, typer.Option(min=0, help="how many frames to name")] = 10,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write the figures to this file as well")
    ] = None,
) -> int:
    """What changed from one replay to another; exit code 1 when risks differ."""
    from road_clarity.evaluation.diff.diff_text import diff_text
    from road_clarity.evaluation.diff.run_diff import diff_runs
    from road_clarity.pipeline.run_folder import write_json

    report = diff_runs(first, second, most, tolerance)
    if json_file is not None:
        write_json(json_file, report)
    print(diff_text(report))
    return 0 if report["same"] else 1


def record(
    source: SourcePath,
    bag: Annotated[Path, typer.Argument(help="rosbag2 folder to write")],
    max_frames: MaxFrames = None,
    topic: Topic = None,
    fps: Fps = 10.0,
    fov: Annotated[
        float, typer.Option(help="horizontal field of view assumed for CameraInfo [deg]")
    ] = 60.0,
) -> None:
    """Write a rosbag2 (MCAP) with CompressedImage and CameraInfo from a recording."""
    from road_clarity.evaluation.record import IMAGE_TOPIC, INFO_TOPIC
    from road_clarity.evaluation.record import record as write
    from road_clarity.evaluation.sources import open_source

    opened = open_source(source, max_frames=max_frames, topic=topic, fps=fps)
    with interruptible(), progress([opened], quiet=False) as seen:
        count = write(opened, bag, fov, seen)
    print(f"{bag}: {count} frames on {IMAGE_TOPIC} and {INFO_TOPIC}")


def bench(
    source: Annotated[
        Path | None, typer.Argument(help="recording to time the pipeline's stages on, too")
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="weights or architecture; else all that ship. Repeatable"),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="time for each network [s]")] = 5.0,
    frames: Annotated[int, typer.Option(min=10, help="how many frames to take")] = 60,
    preset: Annotated[str, typer.Option(help="edge, paper or tiny")] = "edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda; of the stages")] = "auto",
    against: Annotated[
        Path | None, typer.Option(help="report of an earlier bench to compare with")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write the figures to this file as well")
    ] = None,
) -> None:
    """Measure here: networks by backend and precision, kernels, stages of a recording."""
    from road_clarity.evaluation.bench.earlier import Earlier
    from road_clarity.evaluation.bench.report import take, text
    from road_clarity.evaluation.bench.stages import stage_times
    from road_clarity.evaluation.bench.subjects import require_known
    from road_clarity.evaluation.sources import open_source
    from road_clarity.pipeline.perception import Perception
    from road_clarity.pipeline.run_folder import write_json
    from road_clarity.pipeline.weights import WEIGHTS, names, read_card

    shipped = names(WEIGHTS)
    chosen = models or [one for one in shipped if read_card(one).architecture != "scene_novelty"]
    for model in chosen:
        require_known(model)
    earlier = Earlier.read(against) if against is not None else None
    opened = open_source(source, max_frames=frames) if source is not None else None
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)  # now, not after the minutes of work
    with interruptible():
        report = take(shlex.join(sys.argv), track(chosen, "networks", len(chosen)), seconds)
        if opened is not None:  # last: the pipeline shares the cores out among its networks
            stages = stage_times(Perception.from_preset(preset, device), opened.frames)
            report["stages"] = asdict(stages)
    if json_file is not None:
        write_json(json_file, report)
    print(text(report, earlier))


def track(items: Iterable[T], name: str, total: int | None) -> Iterable[T]:
    """A bar on stderr, for people only."""
    from rich.console import Console
    from rich.progress import track as followed

    off = not sys.stderr.isatty()
    console = Console(stderr=True)
    return followed(items, name, total, console=console, transient=True, disable=off)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM cleans up like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def progress(sources: Sequence[Source], quiet: bool) -> Iterator[Callable[[], None]]:
    """A bar on stderr, for people only; yields what to call after every frame."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    counts = [source.count for source in sources]
    total = None if None in counts else sum(count or 0 for count in counts)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
    off = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=off) as bar:
        task = bar.add_task("frames", total=total, rate="")

        def seen() -> None:
            bar.advance(task)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:.1f} fps" if speed else "")

        yield seen
