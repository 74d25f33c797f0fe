"""A worker as a Ray actor: it keeps its networks warm, on any machine of the cluster.

Every machine must see recordings and unit folders under the same paths, and hold this very code.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from typing import Any

from road_clarity.evaluation.units.config import WorkConfig
from road_clarity.evaluation.units.extras import fleet_package
from road_clarity.evaluation.units.local_worker import threads_in_environment
from road_clarity.evaluation.units.unit import Unit
from road_clarity.evaluation.units.unit_folder import finished
from road_clarity.evaluation.units.worker import (
    Job,
    Replayer,
    Seen,
    UnitFailed,
    WorkerLost,
    in_words,
)
from road_clarity.models.errors import BadInput

CONNECT_S = 5.0
STORE_BYTES = 100 << 20  # of a cluster made here: units travel by file, not by memory


@contextmanager
def cluster(work: WorkConfig) -> Iterator[None]:
    """The Ray cluster at work.address, or one made here for as long as this lasts.

    Raises BadInput.
    """
    require_reachable(work.address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is reported to anybody
    # Without GPUs asked for, CUDA_VISIBLE_DEVICES stays as it is, and Ray does not warn about that.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray = fleet_package("ray", "--executor ray")
    mine: dict[str, Any] = {"address": "local", "num_cpus": work.jobs * work.threads}
    mine |= {"include_dashboard": False, "object_store_memory": STORE_BYTES}
    where: dict[str, Any] = {"address": work.address} if work.address else mine
    try:
        with threads_in_environment(work.threads):
            join(ray, where)
    except (ConnectionError, ValueError, RuntimeError) as error:
        place = work.address or "on this machine"
        why = in_words(error.__cause__ or error)
        raise BadInput("Ray cluster", place, f"cannot be had ({why})") from error
    try:
        yield
    finally:
        ray.shutdown()


def join(ray: Any, where: dict[str, Any]) -> None:
    """Ray gives its own processes half a minute, too little on a busy machine: it gets two goes.

    Raises ConnectionError, ValueError, RuntimeError.
    """
    for goes_left in (1, 0):
        try:
            ray.init(**where, log_to_driver=False, logging_level="ERROR")
            return
        except Exception as error:
            if type(error) is not Exception:  # Ray raises a bare one when it waited too long
                raise
            end_what_began(error)
            if not goes_left:
                raise RuntimeError(*error.args) from error


def end_what_began(error: Exception) -> None:
    """Processes of a cluster that never came up: Ray leaves them to whoever holds its node."""
    for frame, _ in walk_tb(error.__traceback__):
        end = getattr(frame.f_locals.get("self"), "kill_all_processes", None)
        if end is not None:
            end(check_alive=False, wait=True)


def require_reachable(address: str) -> None:
    """Ray itself would try for minutes.  Raises BadInput."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():  # empty or auto
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise BadInput("Ray cluster", address, f"cannot be reached ({error})") from error


class Actor:
    """Lives in the actor's process.  What went wrong is returned: Ray would wrap it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._replayer: Replayer | None = None

    def load(self) -> BadInput | None:
        try:
            self._replayer = Replayer(self._job)
        except BadInput as error:
            return error
        return None

    def run(self, unit: Unit) -> str | None:
        """None when done, else why the unit cannot be replayed; raises for faults of its own."""
        assert self._replayer is not None
        try:
            self._replayer.run(unit)
        except BadInput as error:
            return in_words(error)
        return None


class RayWorker:
    """The driver's side.  A cluster is there."""

    def __init__(self, job: Job) -> None:
        """Waits until the networks are loaded.  Raises BadInput, WorkerLost."""
        self._ray, self._job = fleet_package("ray", "--executor ray"), job
        gpus = 1 if job.device.startswith("cuda") else 0
        kind = self._ray.remote(num_cpus=job.work.threads, num_gpus=gpus)(Actor)
        self._actor = kind.remote(job)
        refused = self._answer(self._actor.load.remote())
        if refused is not None:
            self.close()
            raise refused

    def run(self, unit: Unit, seen: Seen) -> None:
        failed = self._answer(self._actor.run.remote(unit))
        if failed is not None:
            raise UnitFailed(failed)
        said = finished(self._job.units / unit.key, unit.key)
        if said is None:
            raise UnitFailed(
                f"its folder is not in {self._job.units} here; name a --cache that all machines see"
            )
        for _ in range(said["frames"]):
            seen()

    def close(self) -> None:
        self._ray.kill(self._actor)

    def _answer(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            raise WorkerLost(in_words(cause)) from error
