"""`road-clarity what-if`: the risk of a frame if something had been otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from road_clarity.models.errors import BadInput
from road_clarity.service.commands import HERE, Address, AsJson, Pem, Timeout, quiet_grpc

MODULES = ("lanes", "tracks", "world")
FAR_OFF = 0.1  # score, from which on the run again is not the run that was recorded
Boxes = list[str] | None


def what_if(
    what: Annotated[str, typer.Argument(metavar="EVENT|FRAME", help="event id or frame number")],
    mask: Annotated[Boxes, typer.Option(help="X0,Y0,X1,Y1 [px] takes the colour around")] = None,
    inpaint: Annotated[Boxes, typer.Option(help="X0,Y0,X1,Y1 [px] is painted over")] = None,
    drop_track: Annotated[list[int] | None, typer.Option(help="object's number")] = None,
    drop_lane: Annotated[list[int] | None, typer.Option(help="line 1..4 from the left")] = None,
    empty: Annotated[Boxes, typer.Option(help="lanes, tracks or world says: nothing")] = None,
    missing: Annotated[Boxes, typer.Option(help="lanes, tracks or world says nothing")] = None,
    before_s: Annotated[float, typer.Option(help="of the run to run again [s]; 0: 3")] = 0.0,
    during_s: Annotated[float | None, typer.Option(help="how long it holds [s]")] = None,
    address: Address = HERE,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """Say what the risk would have been if something had been otherwise."""
    quiet_grpc()
    from road_clarity.service.address import Tls
    from road_clarity.service.client import connected
    from road_clarity.service.printing import plain

    changes: list[dict[str, Any]] = [{"mask": box(text)} for text in mask or ()]
    changes += [{"inpaint": box(text)} for text in inpaint or ()]
    changes += [{"drop_track": number} for number in drop_track or ()]
    changes += [{"drop_lane": number} for number in drop_lane or ()]
    changes += [{"empty": module(name)} for name in empty or ()]
    changes += [{"missing": module(name)} for name in missing or ()]
    frame = {"index": int(what)} if what.isdecimal() else {"event_id": what}
    with connected(address, Tls.of(tls_cert, tls_key, tls_ca, "--tls-ca"), timeout) as client:
        answer = client.what_if(changes, before_s=before_s, during_s=during_s, **frame)
    print(json.dumps(plain(answer), indent=2) if as_json else "\n".join(lines(answer)))
    return 0


def box(text: str) -> dict[str, float]:
    """Raises BadInput."""
    try:
        x0, y0, x1, y1 = (float(side) for side in text.split(","))
    except ValueError as error:
        raise BadInput("box", text, "write X0,Y0,X1,Y1 in pixels") from error
    return {"x0": x0, "y0": y0, "x1": x1, "y1": y1}


def module(name: str) -> str:
    """Raises BadInput."""
    if name not in MODULES:
        raise BadInput("module", name, f"use one of {', '.join(MODULES)}")
    return f"MODULE_{name.upper()}"


def lines(answer: Any) -> Iterator[str]:
    """answer: ProbeCounterfactualResponse"""
    from road_clarity.service.messages import LEVEL_NAMES

    for name, state in (
        ("recorded", answer.recorded),
        ("again", answer.before),
        ("what if", answer.after),
    ):
        yield f"{name:8}  {LEVEL_NAMES[state.level]:8}  score {state.score:.2f}"
    yield f"change {answer.delta:+.2f}, by reason:"
    for one in answer.deltas:
        yield f"  {one.delta:+.2f} {one.code}: {one.before:.2f} to {one.after:.2f}"
    if not abs(answer.before.score - answer.recorded.score) <= FAR_OFF:
        yield (
            "  (run again, the frame is not what was recorded: the memory was too short; try more "
            "with --before-s)"
        )
    yield from (f"  ({one})" for one in answer.run_otherwise)
    if answer.truncated_by_deadline:
        yield (
            f"  (only the last {answer.before_s:.1f} s were run again, as the time was short; "
            "allow more with --timeout)"
        )
