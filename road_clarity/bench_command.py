"""`road-clarity bench`: networks and kernels alone, or with --pipeline the running system."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from road_clarity.evaluation.commands import bench as bench_networks
from road_clarity.models.errors import BadInput
from road_clarity.training.commands import simulate

STREET_S = 4.0  # of the simulator's demo, when no source is named


def bench(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="recording to time the pipeline's stages on, too; with --pipeline what the camera "
            "shows, else the simulator's demo street"
        ),
    ] = None,
    pipeline: Annotated[
        bool,
        typer.Option(
            "--pipeline",
            help="measure the running system instead: ROS nodes, a camera of 1280x720 at 30 fps",
        ),
    ] = False,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="weights or architecture; else all that ship. Repeatable"),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.0, help="for each network, else 5; or each way to run, else 20 [s]"),
    ] = None,
    frames: Annotated[int, typer.Option(min=10, help="how many frames to take")] = 60,
    preset: Annotated[str, typer.Option(help="edge, paper or tiny")] = "edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    params_file: Annotated[
        Path | None, typer.Option(help="with --pipeline: YAML file of parameters")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="report of an earlier bench to compare with")
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", help="write the figures to this file as well; - or nothing: stdout"),
    ] = None,
) -> int:
    """Measure here: networks by backend and precision, kernels, stages; or the running system."""
    if not pipeline:
        if json_file == "-":
            raise BadInput("--json", "no file", "name one; with --pipeline it may be left out")
        file = Path(json_file) if json_file else None
        bench_networks(source, models, seconds or 5.0, frames, preset, device, against, file)
        return 0
    report = running_system(source, seconds or 20.0, preset, device, params_file)
    return tell(report, json_file)


def running_system(
    source: Path | None, seconds: float, preset: str, device: str, params_file: Path | None
) -> dict[str, Any]:
    """Raises BadInput."""
    from road_clarity.evaluation.bench.machine import load_average, this_machine

    if find_spec("rclpy") is None or find_spec("road_clarity_msgs") is None:
        raise BadInput("ROS", "rclpy or road_clarity_msgs", "missing; see `road-clarity doctor`")
    load = load_average()
    with tempfile.TemporaryDirectory() as folder:
        if source is None:
            source = Path(folder) / "street.mp4"
            with redirect_stdout(sys.stderr):
                simulate(out=source, size="1280x720", fps=30.0, seconds=STREET_S)
        ways = measured(source, seconds, preset, device, params_file)
    return {
        "command": shlex.join(sys.argv),
        "machine": asdict(this_machine()),
        "load": {"before": load, "after": load_average()},
        **ways,
    }


def measured(
    source: Path, seconds: float, preset: str, device: str, params_file: Path | None
) -> dict[str, Any]:
    """In a process of its own: it listens to ROS, and nothing else here may.  Raises BadInput."""
    from road_clarity.nodes.supervisor import die_with_parent

    words = [sys.executable, "-m", "road_clarity.nodes.live.bench", str(source)]
    words += ["--preset", preset, "--device", device, "--seconds", str(seconds)]
    words += ["--params-file", str(params_file)] if params_file else []
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False, preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise BadInput("--pipeline", "no figures", "the reason is above")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tell(report: dict[str, Any], json_file: str | None) -> int:
    from road_clarity.evaluation.bench.live_text import live_text
    from road_clarity.pipeline.run_folder import write_json

    if json_file == "-":
        print(json.dumps(report, indent=2, allow_nan=False))
        return 0
    if json_file is not None:
        write_json(Path(json_file), report)
    print(live_text(report))
    return 0
