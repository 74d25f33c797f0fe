"""The commands `serve`, `events` and `explain`."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Annotated

import typer

from road_clarity.models.errors import BadInput

Address = Annotated[str, typer.Option(help="HOST:PORT of the server")]
Timeout = Annotated[float, typer.Option(help="how long to wait for an answer [s]", min=0.1)]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of text")]
Pem = Annotated[Path | None, typer.Option(help="PEM file, for a server that asks for certificates")]
Faithful = Annotated[
    bool, typer.Option(help="with eigen_cam: also measure whether its maps are true")
]
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
    local_role: Annotated[
        str,
        typer.Option(
            help="what callers without TLS, and the page, may do: viewer, labeller or admin"
        ),
    ] = "admin",
    calls_per_s: Annotated[
        float, typer.Option(help="how often one client may call [1/s]; 0 for no limit", min=0.0)
    ] = 100.0,
    metrics_port: Annotated[
        int | None,
        typer.Option(help="port on 127.0.0.1 for Prometheus; 0 for any", min=0, max=65535),
    ] = None,
    log_calls: Annotated[
        bool, typer.Option(help="write one line of JSON for every call to stderr")
    ] = False,
    web: Annotated[
        bool, typer.Option("--web", help="show a page, to browsers on this machine")
    ] = False,
    web_port: Annotated[int, typer.Option(help="where the page is shown", min=0, max=65535)] = 8080,
) -> int:
    """Answer questions about a run over gRPC until Ctrl-C or SIGTERM."""
    quiet_grpc()
    from road_clarity.service.access import ROLES
    from road_clarity.service.address import Tls
    from road_clarity.service.running import serve_until_stopped
    from road_clarity.service.server import Rules

    if local_role not in ROLES:
        raise BadInput("local role", local_role, f"use one of {', '.join(ROLES)}")
    tls = Tls.of(tls_cert, tls_key, tls_client_ca, "--tls-client-ca")
    rules = Rules(local_role, calls_per_s or math.inf)
    shown_at = web_port if web else None
    serve_until_stopped(
        run, address, tls, grace, rules, metrics_port, log_calls, shown_at, calibrations
    )
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
    faithfulness: Faithful = False,
) -> int:
    """Say why an event, a frame of the run or a picture is strange."""
    quiet_grpc()
    from road_clarity.service.address import Tls
    from road_clarity.service.client import asked_for, connected, pictures_of, save_pictures
    from road_clarity.service.printing import explanation_lines, plain

    with connected(address, Tls.of(tls_cert, tls_key, tls_ca, "--tls-ca"), timeout) as client:
        answer = client.explain(method, faithfulness=faithfulness, **asked_for(what))
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
