"""A call from inside this process: what a servicer and its guard ask of a gRPC call's context.

So the page asks the very methods that gRPC asks, and nothing is worked out in a second way.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

LONGEST_S = 60.0  # that the page waits for an answer [s]


class LocalCall:
    """Stands in for grpc.ServicerContext.  Nobody cancels it: browsers leave without a word."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._until_s = monotonic() + longest_s

    def time_remaining(self) -> float:
        """[s]"""
        return max(self._until_s - monotonic(), 0.0)

    def is_active(self) -> bool:
        return True

    def add_callback(self, callback: Callable[[], object]) -> bool:
        """Would be called when the call ends early, which it does not."""
        return True

    def auth_context(self) -> dict[str, list[bytes]]:
        """No certificate: the page is for people at this machine."""
        return {}

    def peer(self) -> str:
        return "ipv4:127.0.0.1:0"

    def invocation_metadata(self) -> tuple[Any, ...]:
        return ()

    def send_initial_metadata(self, metadata: Any) -> None:
        """The page does not ask for the number of its request; the log has it."""
