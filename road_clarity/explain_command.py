"""`road-clarity explain`: of a recording, worked out here; of anything else, by the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from road_clarity.models.errors import BadInput
from road_clarity.service.commands import HERE, Address, AsJson, Faithful, Pem, Timeout
from road_clarity.service.commands import explain as ask


def explain(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="RECORDING (video, GIF, image folder, bag, run folder), of which --frame is "
            "explained here, or the folder of an event; or FRAME number, event id or picture, "
            "which a server is asked about",
        ),
    ] = None,
    frame: Annotated[
        str | None, typer.Option(help="number of the frame, from 0; without RECORDING as FRAME")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="folder for the sheets of panels that show why")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder for the server's pictures")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="world model for a RECORDING, by the name of its weights; else vae_edge, or the "
            "one that judged the event"
        ),
    ] = None,
    topic: Annotated[
        str | None, typer.Option(help="camera topic of a bag; else the first by name")
    ] = None,
    fps: Annotated[float, typer.Option(help="frames per second of an image folder")] = 10.0,
    method: Annotated[
        str, typer.Option(help="of the server: reconstruction_error, eigen_cam or sheets")
    ] = "",
    address: Address = HERE,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
    faithfulness: Faithful = False,
) -> int:
    """Say why a frame is redrawn or predicted badly, or why an event was flagged."""
    if what is None and frame is None:
        raise BadInput("what", "missing", "name a recording, an event, a frame or a picture")
    if what is not None and worked_out_here(what, frame, save):
        return explain_here(Path(what), frame, model, save, topic, fps, as_json)
    asked = what or frame or ""
    if save is not None:
        out, method = save, method or "sheets"
    return ask(
        asked, out, method, address, timeout, as_json, tls_cert, tls_key, tls_ca, faithfulness
    )


def worked_out_here(what: str, frame: str | None, save: Path | None) -> bool:
    """A recording is; a picture file only when there is somewhere to draw, else it is sent."""
    path = Path(what)
    return frame is not None or path.is_dir() or (path.is_file() and save is not None)


def explain_here(
    what: Path, frame: str | None, model: str | None, save: Path | None, topic: str | None,
    fps: float, as_json: bool,
) -> int:  # fmt: skip
    from road_clarity.evaluation.explain_recording import explain_recording, wanted

    if frame is not None and not frame.isdecimal():
        raise BadInput("frame", frame, "is no frame number; count from 0")
    number = None if frame is None else int(frame)
    said = explain_recording(wanted(what, number, topic, fps), model, save)
    if as_json:
        print(json.dumps(said, indent=2))
    else:
        parts = [part for part in ("redrawn", "predicted", "evidence") if part in said]
        sentences = [said[part]["caption"] for part in parts]
        print("\n".join([*sentences, *said.get("pictures", ())]))
    return 0
