"""Numbers that Prometheus fetches from this machine, and from no other."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, start_http_server

from road_clarity.models.errors import BadInput


def serve(registry: CollectorRegistry, port: int, remedy: str) -> tuple[int, Callable[[], None]]:
    """On 127.0.0.1, 0 for any port: the port it got, and what ends it.  Raises BadInput."""
    try:
        server, thread = start_http_server(port, "127.0.0.1", registry)
    except (OSError, OverflowError) as error:
        raise BadInput("metrics port", port, f"cannot be listened on; {remedy}") from error

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, stop
