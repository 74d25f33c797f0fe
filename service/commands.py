"""The commands `serve`, `events` and `explain`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

Address = Annotated[str, typer.Option(help="HOST:PORT of the server")]
Timeout = Annotated[float, typer.Option(help="how long to wait for an answer [s]", min=0.1)]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of text")]
Pem = Annotated[Path | None, typer.Option(help="PEM file, for a server that asks for certificates")]
HERE = "127.0.0.1:50051"


def serve(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="folder that replay wrote")],
    address: Annotated[str, typer.Option(help="HOST:PORT to listen on")] = HERE,
    tls_cert: Annotated[Path | None, typer.Option(help="the server's certificate, PEM")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="its private key, PEM")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="authority that signs the clients' certificates, PEM")
    ] = None,
    calibrations: Annotated[
        Path | None, typer.Option(help="folder of calibrations; else the one beside the run")
    ] = None,
    grace: Annotated[
        float, typer.Option(help="how long calls may go on when asked to stop [s]", min=0.0)
    ] = 5.0,
) -> int:
    """Answer questions about a run over gRPC until Ctrl-C or SIGTERM."""
    quiet_grpc()
    from road_clarity.service.address import Tls
    from road_clarity.service.running import serve_until_stopped

    tls = Tls.of(tls_cert, tls_key, tls_client_ca, "--tls-client-ca")
    serve_until_stopped(run, address, tls, grace, calibrations)
    return 0


def events(
    filter: Annotated[
        str, typer.Option(help='such as: level >= elevated AND code = "corridor.person"')
    ] = "",
    order_by: Annotated[str, typer.Option(help="start_ns, peak_ns or score; 'score desc'")] = "",
    address: Address = HERE,
    timeout: Timeout = 10.0,
    as_json: AsJson = False,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """List the flagged events of the run that a server serves."""
    quiet_grpc()
    from road_clarity.service.address import Tls
    from road_clarity.service.client import connected
    from road_clarity.service.printing import event_line, plain

    with connected(address, Tls.of(tls_cert, tls_key, tls_ca, "--tls-ca"), timeout) as client:
        found = list(client.events(filter, order_by))
    if as_json:
        print(json.dumps([plain(event) for event in found], indent=2))
    else:
        print("\n".join(event_line(event) for event in found) or "no events")
    return 0


def explain(
    what: Annotated[
        str,
        typer.Argument(metavar="EVENT|FRAME|IMAGE", help="event id, frame number or picture file"),
    ],
    out: Annotated[Path | None, typer.Option(help="folder for the pictures")] = None,
    method: Annotated[str, typer.Option(help="reconstruction_error, eigen_cam or sheets")] = "",
    address: Address = HERE,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """Say why an event, a frame of the run or a picture is strange."""
    quiet_grpc()
    from road_clarity.service.address import Tls
    from road_clarity.service.client import asked_for, connected, pictures_of, save_pictures
    from road_clarity.service.printing import explanation_lines, plain

    with connected(address, Tls.of(tls_cert, tls_key, tls_ca, "--tls-ca"), timeout) as client:
        answer = client.explain(method, **asked_for(what))
        pictures = pictures_of(answer)
        if out is not None and answer.event_id:
            pictures["overlay"] = client.event(answer.event_id).overlay
    saved = [] if out is None else [str(path) for path in save_pictures(out, pictures)]
    if as_json:
        print(json.dumps(plain(answer) | {"pictures": saved}, indent=2))
    else:
        print("\n".join([*explanation_lines(answer), *saved]))
    return 0


def quiet_grpc() -> None:
    """Ours say the same as a sentence.  Works only before grpc is imported."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
