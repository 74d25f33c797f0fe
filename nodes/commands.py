"""The commands `up` and `doctor`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib.util import find_spec
from typing import Annotated

import typer

from road_clarity.models.errors import BadInput
from road_clarity.nodes.table import DRIVE, DRIVE_ARGUMENTS, REPLAY, REPLAY_ARGUMENTS

DOCS = {name: one.doc for name, one in REPLAY_ARGUMENTS.items()}


def up(
    source: Annotated[str, typer.Argument(help=DOCS["source"] + "; none waits for a camera")] = "",
    namespace: Annotated[str, typer.Option(help=DOCS["namespace"])] = "",
    camera: Annotated[str, typer.Option(help=DOCS["camera"])] = "camera",
    image_topic: Annotated[str, typer.Option(help=DOCS["image_topic"])] = "/{camera}/image_raw",
    camera_info_topic: Annotated[
        str, typer.Option(help=DOCS["camera_info_topic"])
    ] = "/{camera}/camera_info",
    preset: Annotated[str, typer.Option(help=DOCS["preset"])] = "edge",
    device: Annotated[str, typer.Option(help=DOCS["device"])] = "auto",
    params_file: Annotated[str, typer.Option(help=DOCS["params_file"])] = "",
    autostart: Annotated[bool, typer.Option(help=DOCS["autostart"])] = True,
    use_sim_time: Annotated[bool, typer.Option(help=DOCS["use_sim_time"])] = False,
    log_level: Annotated[str, typer.Option(help=DOCS["log_level"])] = "info",
    rate: Annotated[float, typer.Option(help=DOCS["rate"], min=0.0)] = 0.0,
    loop: Annotated[bool, typer.Option(help=DOCS["loop"])] = False,
    compressed: Annotated[bool, typer.Option(help=DOCS["compressed"])] = True,
) -> int:
    """Start the nodes, without the ros2 command, and keep them running."""
    from road_clarity.nodes.supervisor import supervise
    from road_clarity.nodes.table import complete, starts
    from road_clarity.pipeline.presets import preset as require_preset

    if find_spec("rclpy") is None or find_spec("road_clarity_msgs") is None:
        raise BadInput("ROS", "rclpy or road_clarity_msgs", "missing; see `road-clarity doctor`")
    require_preset(preset)  # one sentence here instead of one from every process
    given = {name: str(value) for name, value in locals().items() if name in REPLAY_ARGUMENTS}
    processes, arguments = (REPLAY, REPLAY_ARGUMENTS) if source else (DRIVE, DRIVE_ARGUMENTS)
    return supervise(
        starts(processes, complete(arguments, given)),
        tell=lambda text: print(f"road-clarity up: {text}", file=sys.stderr, flush=True),
    )


def doctor(
    image_topic: Annotated[str, typer.Option(help="a running camera to look at as well")] = "",
    camera_info_topic: Annotated[
        str, typer.Option(help="its calibration; beside the images unless given")
    ] = "",
    namespace: Annotated[str, typer.Option(help=DOCS["namespace"])] = "",
    preset: Annotated[str, typer.Option(help=DOCS["preset"])] = "edge",
    device: Annotated[str, typer.Option(help=DOCS["device"])] = "auto",
    params_file: Annotated[str, typer.Option(help=DOCS["params_file"])] = "",
    use_sim_time: Annotated[bool, typer.Option(help=DOCS["use_sim_time"])] = False,
    seconds: Annotated[
        float, typer.Option(help="how long images are counted [s]", min=0.5, max=60.0)
    ] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> int:
    """Check this machine, and say for every problem how to fix it."""
    from road_clarity.nodes.doctor import Question, examine
    from road_clarity.nodes.findings import FAIL

    findings = examine(
        Question(
            preset=preset,
            device=device,
            params_file=params_file,
            namespace=namespace,
            image_topic=image_topic,
            camera_info_topic=camera_info_topic,
            use_sim_time=use_sim_time,
            seconds=seconds,
        )
    )
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.state:4} {finding.name}: {finding.text}")
            if finding.fix:
                print(f"     fix: {finding.fix}")
    return int(any(finding.state == FAIL for finding in findings))
