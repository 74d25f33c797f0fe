"""How a replay is divided, and who does the work."""

from __future__ import annotations

from dataclasses import dataclass

from road_clarity.safety.settings import Checked, setting

LOCAL, RAY = "local", "ray"


@dataclass(frozen=True, kw_only=True)
class WorkConfig(Checked):
    """shard_s, lead_s and threads are part of what a run is; the rest changes no result."""

    shard_s: float = setting(
        0.0, "recordings are cut into units this long, each starting afresh; 0: not [s]",
        low=0.0, high=86400.0,
    )  # fmt: skip
    lead_s: float = setting(
        2.0, "of what comes before such a unit, run first so that it does not start cold [s]",
        low=0.0, high=600.0,
    )  # fmt: skip
    threads: int = setting(
        1, "threads of a worker's networks; another number sums in another order", low=1, high=256
    )
    jobs: int = setting(1, "workers that replay units at the same time", low=1, high=1024)
    executor: str = setting(
        LOCAL, "local: processes here; ray: actors of a Ray cluster", among=(LOCAL, RAY)
    )
    address: str = setting("", "Ray cluster to work on, host:port or auto; empty: one made here")
    attempts: int = setting(3, "how often a unit is tried whose worker breaks down", low=1, high=10)
    patience_s: float = setting(
        600.0, "a process that finishes no frame for so long is replaced [s]", low=1.0, high=86400.0
    )
