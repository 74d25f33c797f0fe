"""How often one client may call: a token bucket each (RFC 2697 calls such tokens)."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from road_clarity.service.errors import busy

PER_S = 100.0  # calls per second that a client may keep up
BURST = 200  # calls that it may make at once after a pause
MOST_CLIENTS = 1024  # remembered; who was away longest is forgotten, and begins with a full bucket


class Bucket:
    """Full at first; every call takes a token, and tokens come back with time."""

    def __init__(self, per_s: float, burst: int, now_s: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._tokens, self._at_s = float(burst), now_s

    def wait_s(self, now_s: float) -> float:
        """0 when the call may go ahead, else how long until it may [s]."""
        gained = max(now_s - self._at_s, 0.0) * self._per_s
        self._tokens, self._at_s = min(self._tokens + gained, float(self._burst)), now_s
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._per_s


class RateLimit:
    """Of every client by its name; safe to use from several threads."""

    def __init__(
        self, per_s: float = PER_S, burst: int = BURST, clock: Callable[[], float] = monotonic
    ) -> None:
        """per_s: infinite for no limit."""
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str) -> None:
        """Raises Refusal, with the time to wait, for a client that calls too often."""
        if math.isinf(self._per_s):
            return
        with self._lock:
            wait_s = self._bucket(client).wait_s(self._clock())
        if wait_s > 0.0:
            raise busy(f"{client} calls more than {self._per_s:g} times a second", wait_s)

    def _bucket(self, client: str) -> Bucket:
        if client not in self._buckets:
            self._buckets[client] = Bucket(self._per_s, self._burst, self._clock())
            if len(self._buckets) > MOST_CLIENTS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(client)
        return self._buckets[client]
