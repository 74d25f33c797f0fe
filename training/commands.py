"""`road-clarity simulate`.  Everything heavy is imported when the command runs."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from road_clarity.models.errors import BadInput

if TYPE_CHECKING:
    from road_clarity.training.simulator.film import SimFrame


def simulate(
    out: Annotated[Path, typer.Option(help="folder, or .mp4, .mcap (ROS 2) or .npz (training)")],
    scenario: Annotated[
        str,
        typer.Option(
            help="demo, calm_drive, crossing, pedestrian_dart_out, pedestrian_waits, "
            "pedestrian_hesitates, pedestrian_walks_on, parked_street, lead_vehicle_brakes "
            "or lane_drift"
        ),
    ] = "demo",
    seed: Annotated[int, typer.Option(help="varies the details", min=0)] = 7,
    view: Annotated[
        str, typer.Option(help="whose eyes: car, or pedestrian (who leads the story)")
    ] = "car",
    look: Annotated[
        str | None,
        typer.Option(help="day, overcast, haze, dusk, night, fog or rain; else the seed chooses"),
    ] = None,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT [px]")] = "640x360",
    fps: Annotated[float, typer.Option(help="frames per second", min=1, max=60)] = 20.0,
    seconds: Annotated[float, typer.Option(help="length of the clip", min=0.1, max=20)] = 12.0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of text")] = False,
) -> None:
    """Render a street, with the truth of every frame."""
    width, height = frame_size(size)
    try:
        from road_clarity.training.simulator.film import simulate as film
    except ImportError as error:
        raise BadInput("panda3d", error, "pip install 'road_clarity[simulator]'") from error
    from road_clarity.training.simulator.record import record

    frames = film(seed, scenario, (width, height), fps, seconds, view, look)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    made = record(shown(frames, round(seconds * fps), as_json), out, fps)
    paths = {kind: str(path) for kind, path in made.files.items()}
    if as_json:
        print(json.dumps({**paths, "frames": made.frames, "hazardous": made.hazardous}))
        return
    places = [*paths.values()]
    print(
        f"{places[0]}: {made.frames} frames of {scenario}, seed {seed}, "
        f"{made.hazardous} of them hazardous; truth in {places[-1]}"
    )


def shown(frames: Iterable[SimFrame], count: int, quiet: bool) -> Iterable[SimFrame]:
    """The frames, with a bar on stderr for people."""
    from rich.console import Console
    from rich.progress import track

    off = quiet or not sys.stderr.isatty()
    return track(frames, "rendering", count, console=Console(stderr=True), transient=True,
                 disable=off)  # fmt: skip


def frame_size(text: str) -> tuple[int, int]:
    """(width, height) of '640x360'."""
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    width, height = (int(part) for part in found.groups()) if found else (0, 0)
    if not (64 <= width <= 1920 and 36 <= height <= 1088) or width % 2 or height % 2:
        raise BadInput("size", text, "give even numbers from 64x36 to 1920x1088, such as 640x360")
    return width, height
