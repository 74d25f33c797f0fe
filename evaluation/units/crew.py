"""Workers that draw units from one list.  A unit whose worker breaks down is given to a new one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from road_clarity.evaluation.units.unit import Unit
from road_clarity.evaluation.units.worker import Seen, UnitFailed, Worker, WorkerLost

Hire = Callable[[], Worker]  # raises BadInput when no worker can do this job


@dataclass(frozen=True)
class Failure:
    """A unit that nobody could replay."""

    unit: Unit
    error: str
    attempts: int


class Crew:
    """Context manager around the workers; leaving it stops them, whatever they are doing."""

    def __init__(self, hire: Hire, jobs: int, attempts: int) -> None:
        self._hire, self._jobs, self._attempts = hire, jobs, attempts
        self._workers: set[Worker] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *told: object) -> None:
        with self._lock:
            self._stopped = True
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.close()

    def work(self, units: Sequence[Unit], seen: Seen) -> list[Failure]:
        """All of them.  seen: called after every frame that a worker tells of, by any thread.

        Raises BadInput when a worker cannot be had.
        """
        waiting: SimpleQueue[Unit] = SimpleQueue()
        for unit in units:
            waiting.put(unit)
        failures: list[Failure] = []
        pool = ThreadPoolExecutor(min(self._jobs, len(units)) or 1)
        try:
            turns = [
                pool.submit(self._turn, waiting, failures, seen)
                for _ in range(min(self._jobs, len(units)))
            ]
            done, _ = wait(turns, return_when=FIRST_EXCEPTION)
            for one in done:
                one.result()
        finally:
            self.__exit__()  # threads that still wait for a worker hear that it is gone
            pool.shutdown(wait=True)
        return sorted(failures, key=lambda one: units.index(one.unit))

    def _turn(self, waiting: SimpleQueue[Unit], failures: list[Failure], seen: Seen) -> None:
        """One worker after another, unit after unit, until none is left."""
        worker: Worker | None = None
        while not self._stopped:
            try:
                unit = waiting.get_nowait()
            except Empty:
                break
            worker, failure = self._try(unit, worker, seen)
            if failure is not None:
                failures.append(failure)
        if worker is not None:
            self._dismiss(worker)

    def _try(
        self, unit: Unit, worker: Worker | None, seen: Seen
    ) -> tuple[Worker | None, Failure | None]:
        error = ""
        for attempt in range(1, self._attempts + 1):
            try:
                worker = worker or self._hired()
                worker.run(unit, seen)
                return worker, None
            except UnitFailed as failed:
                return worker, Failure(unit, str(failed), attempt)
            except WorkerLost as lost:
                error = str(lost)
                if worker is not None:
                    self._dismiss(worker)
                worker = None
            if self._stopped:
                break
        return None, Failure(unit, error, self._attempts)

    def _hired(self) -> Worker:
        worker = self._hire()
        with self._lock:
            if not self._stopped:
                self._workers.add(worker)
                return worker
        worker.close()
        raise WorkerLost("the run was stopped")

    def _dismiss(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.close()
