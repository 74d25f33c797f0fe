"""`road-clarity export`; heavy imports wait until the command runs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from road_clarity.models.errors import BadInput

if TYPE_CHECKING:
    from road_clarity.evaluation.export.gate import Recording
    from road_clarity.pipeline.presets import Wanted

DEMO_FPS = 5.0  # as far apart as the frames that are compared


def export(
    name: Annotated[
        str, typer.Argument(help="weights, of `road-clarity weights list`; or a preset: all of its")
    ],
    to: Annotated[
        str, typer.Option(help="onnx, openvino, or auto: the first that agrees and beats torch")
    ] = "auto",
    out: Annotated[
        Path | None,
        typer.Option(help="folder of exports; else where stages look (ROAD_CLARITY_EXPORTS)"),
    ] = None,
    frames: Annotated[
        Path | None,
        typer.Option(help="recording to compare on; else the simulator's demo street"),
    ] = None,
    max_frames: Annotated[int, typer.Option(min=1, help="frames to compare, 0.2 s apart")] = 40,
    precision: Annotated[
        str | None, typer.Option(help="fp32, bf16 or auto; else as the stage is set")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT that FFNet sees; else as its preset says [px]")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda: what the export computes on")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="print the parity reports only")] = False,
) -> int:
    """Export networks whose answers and explanations agree with torch on real frames.

    Ends with 1 where a backend that was named departs from torch.
    """
    from road_clarity.evaluation.commands import interruptible
    from road_clarity.evaluation.export.fastest import exports, with_settings
    from road_clarity.evaluation.export.report import line_of
    from road_clarity.pipeline.backends.exported import exports_folder
    from road_clarity.pipeline.cores import share, use_threads
    from road_clarity.pipeline.perception import pick_device

    if to == "torch":
        raise BadInput("--to", to, "torch needs no export; use onnx, openvino or auto")
    device, out = pick_device(device), out or exports_folder()
    wanted = [with_settings(one, to, precision) for one in asked_for(name, size)]
    use_threads(share())  # as the pipeline runs them
    reports = []
    with interruptible():
        compared = recording(frames, max_frames)
        for one in wanted:
            for report in exports(one, out, compared, device):
                reports.append(report)
                print(f"road-clarity: {line_of(report)}", file=sys.stderr)
    told(reports, as_json)
    print(f"road-clarity: exports lie in {out}", file=sys.stderr)
    return 0 if to == "auto" or all(report["passed"] for report in reports) else 1


def told(reports: Sequence[dict[str, Any]], as_json: bool) -> None:
    """One report whole; of several, the lines on stderr say enough."""
    from road_clarity.evaluation.export.report import text_of

    if as_json:
        print(json.dumps(reports, indent=2))
    elif len(reports) == 1:
        print(text_of(reports[0]))


def asked_for(name: str, size: str | None) -> Sequence[Wanted]:
    """The networks of a preset, or the one with these weights.  Raises BadInput."""
    from road_clarity.evaluation.export.fastest import network_named
    from road_clarity.pipeline.presets import PRESETS, networks_of

    if name not in PRESETS:
        return [network_named(name, frame_size(size) if size else None)]
    if size:
        raise BadInput("--size", size, "is for one network; name its weights")
    return networks_of(PRESETS[name])


def frame_size(text: str) -> tuple[int, int]:
    """'512x256' -> (512, 256).  Raises BadInput."""
    match = re.fullmatch(r"([1-9]\d{1,3})x([1-9]\d{1,3})", text)
    if not match:
        raise BadInput("--size", text, "write WIDTHxHEIGHT, such as 512x256")
    return int(match[1]), int(match[2])


def recording(path: Path | None, most: int) -> Recording:
    """The frames to compare on.  Raises BadInput."""
    from road_clarity.evaluation.export.drive import spread
    from road_clarity.evaluation.export.gate import Recording
    from road_clarity.evaluation.sources import open_source
    from road_clarity.pipeline.frame import Frame

    if path is not None:
        source = open_source(path)
        return Recording(source.name, tuple(spread(source.frames, most)))
    try:
        from road_clarity.training.simulator.film import simulate
    except ImportError as error:
        remedy = "pip install 'road_clarity[simulator]', or name a recording with --frames"
        raise BadInput("panda3d", error, remedy) from error
    shots = simulate(7, "demo", fps=DEMO_FPS, seconds=12.0)
    made = (Frame(index, shot.stamp_ns, shot.image) for index, shot in enumerate(shots))
    return Recording("the simulator's demo street", tuple(spread(made, most)))
