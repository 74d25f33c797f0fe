"""The server as a process: runs until it is told to stop, then stops in an orderly way."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from road_clarity.service import calls
from road_clarity.service.address import Tls
from road_clarity.service.server import Rules, Server
from road_clarity.service.web.api import Api
from road_clarity.service.web.server import PageServer


def serve_until_stopped(
    run: Path, address: str, tls: Tls | None, grace_s: float, rules: Rules,
    metrics_port: int | None, log_calls: bool, web_port: int | None = None,
    calibrations: Path | None = None,
) -> None:  # fmt: skip
    """Ends after SIGINT or SIGTERM; a second one ends it at once.  Raises BadInput.

    web_port: where the page is shown; None for no page
    """
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        asked.set()

    page = None if web_port is None else PageServer(web_port)
    server = Server(
        run, address, tls, rules=rules, metrics_port=metrics_port, calibrations=calibrations
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if log_calls:
        calls_to_stderr()
    server.start()
    print(f"serving {run} on {address}, port {server.port}; Ctrl-C stops", file=sys.stderr)
    if server.metrics_port is not None:
        print(f"metrics on http://127.0.0.1:{server.metrics_port}/metrics", file=sys.stderr)
    if page is not None:
        page.start(Api(server.asked))
        print(f"page {page.url} (this machine only)", file=sys.stderr)
    asked.wait()
    if page is not None:
        page.stop()
    server.stop(grace_s)


def calls_to_stderr() -> None:
    """One line of JSON for every call."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    calls.log.addHandler(handler)
    calls.log.setLevel(logging.INFO)
    calls.log.propagate = False
