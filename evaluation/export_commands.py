"""`road-clarity export`; heavy imports wait until the command runs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from road_clarity.models.errors import BadInput

if TYPE_CHECKING:
    from road_clarity.evaluation.export.gate import Recording

DEMO_FPS = 5.0  # as far apart as the frames that are compared


def export(
    name: Annotated[str, typer.Argument(help="weights: of `road-clarity weights list`")],
    to: Annotated[str, typer.Option(help="onnx or openvino")],
    out: Annotated[
        Path | None,
        typer.Option(help="folder of exports; else where stages look (ROAD_CLARITY_EXPORTS)"),
    ] = None,
    frames: Annotated[
        Path | None,
        typer.Option(help="recording to compare on; else the simulator's demo street"),
    ] = None,
    max_frames: Annotated[int, typer.Option(min=1, help="frames to compare, 0.2 s apart")] = 40,
    precision: Annotated[str, typer.Option(help="fp32, bf16, or auto as in the settings")] = "auto",
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT that FFNet sees; else as its preset says [px]")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda: what the export computes on")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="print parity.json only")] = False,
) -> int:
    """Export a network, if its answers and explanations agree with torch on real frames."""
    from road_clarity.evaluation.commands import interruptible
    from road_clarity.evaluation.export.drive import usual_size
    from road_clarity.evaluation.export.gate import export as through_the_gate
    from road_clarity.evaluation.export.gate import place
    from road_clarity.evaluation.export.report import text_of
    from road_clarity.pipeline.backends.entries import input_size
    from road_clarity.pipeline.backends.exported import ExportKey, exports_folder
    from road_clarity.pipeline.backends.runtime import RuntimeConfig, resolve_precision
    from road_clarity.pipeline.perception import pick_device
    from road_clarity.pipeline.weights import load

    if to == "torch":
        raise BadInput("--to", to, "torch needs no export; use onnx or openvino")
    device, out = pick_device(device), out or exports_folder()
    chosen = resolve_precision(RuntimeConfig(backend=to, precision=precision), device)
    network, _ = load(name)
    wanted = frame_size(size) if size else usual_size(network, name)
    key = ExportKey(name, to, chosen, input_size(network, wanted))
    with interruptible():
        report = through_the_gate(key, out, recording(frames, max_frames), device)
    print(json.dumps(report, indent=2) if as_json else text_of(report))
    left = place(key, out, report["passed"])
    said = "exported to" if report["passed"] else "not exported; its parity report is in"
    print(f"road-clarity: {name} {said} {left}", file=sys.stderr)
    return 0 if report["passed"] else 1


def frame_size(text: str) -> tuple[int, int]:
    """'512x256' -> (512, 256).  Raises BadInput."""
    match = re.fullmatch(r"([1-9]\d{1,3})x([1-9]\d{1,3})", text)
    if not match:
        raise BadInput("--size", text, "write WIDTHxHEIGHT, such as 512x256")
    return int(match[1]), int(match[2])


def recording(path: Path | None, most: int) -> Recording:
    """The frames to compare on.  Raises BadInput."""
    from road_clarity.evaluation.export.gate import Recording
    from road_clarity.evaluation.sources import open_source
    from road_clarity.pipeline.frame import Frame

    if path is not None:
        source = open_source(path)
        return Recording(source.name, source.frames, most)
    try:
        from road_clarity.training.simulator.film import simulate
    except ImportError as error:
        remedy = "pip install 'road_clarity[simulator]', or name a recording with --frames"
        raise BadInput("panda3d", error, remedy) from error
    shots = simulate(7, "demo", fps=DEMO_FPS, seconds=12.0)
    made = (Frame(index, shot.stamp_ns, shot.image) for index, shot in enumerate(shots))
    return Recording("the simulator's demo street", made, most)
