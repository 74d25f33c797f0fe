"""The server as a process: runs until it is told to stop, then stops in an orderly way."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from road_clarity.service.address import Tls
from road_clarity.service.server import Server
from road_clarity.service.web.api import Api
from road_clarity.service.web.server import PageServer


def serve_until_stopped(
    run: Path, address: str, tls: Tls | None, grace_s: float, web_port: int | None = None
) -> None:
    """Ends after SIGINT or SIGTERM; a second one ends it at once.  Raises BadInput.

    web_port: where the page is shown; None for no page
    """
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        asked.set()

    page = None if web_port is None else PageServer(web_port)
    server = Server(run, address, tls)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.start()
    print(f"serving {run} on {address}, port {server.port}; Ctrl-C stops", file=sys.stderr)
    if page is not None:
        page.start(Api(server.asked))
        print(f"page {page.url} (this machine only)", file=sys.stderr)
    asked.wait()
    if page is not None:
        page.stop()
    server.stop(grace_s)
