"""The server as a process: runs until it is told to stop, then stops in an orderly way."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from road_clarity.service.address import Tls
from road_clarity.service.server import Server


def serve_until_stopped(
    run: Path, address: str, tls: Tls | None, grace_s: float, calibrations: Path | None = None
) -> None:
    """Ends after SIGINT or SIGTERM; a second one ends it at once.  Raises BadInput."""
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        asked.set()

    server = Server(run, address, tls, calibrations=calibrations)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.start()
    print(f"serving {run} on {address}, port {server.port}; Ctrl-C stops", file=sys.stderr)
    asked.wait()
    server.stop(grace_s)
