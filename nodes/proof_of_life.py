"""Tells systemd that a risk was published: the only proof of life that counts.

The protocol is sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names.  Without it, as
under launch or in a container, nothing is told.
"""

from __future__ import annotations

import os
import socket
import time

VARIABLE = "NOTIFY_SOCKET"
TELL_EVERY_S = 1.0  # systemd waits ten times as long


class ProofOfLife:
    """Of one process.  A systemd that does not answer never holds up a risk."""

    def __init__(self) -> None:
        self._place = os.environ.get(VARIABLE, "")
        self._told_s = float("-inf")

    def give(self) -> None:
        """A risk was published.  The first one makes the service ready."""
        now_s = time.monotonic()
        if not self._place or now_s - self._told_s < TELL_EVERY_S:
            return
        self._told_s = now_s
        tell("READY=1\nWATCHDOG=1", self._place)


def tell(text: str, place: str) -> None:
    """place: path of a socket; '@' begins a name that has no file"""
    address = "\0" + place[1:] if place.startswith("@") else place
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as end:
        try:
            end.sendto(text.encode(), address)
        except OSError:  # systemd is gone or busy; it will miss us and start us again
            return
