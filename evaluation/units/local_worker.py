"""A worker in a process of its own on this machine, started afresh (never forked)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection

from road_clarity.evaluation.units.unit import Unit
from road_clarity.evaluation.units.worker import (
    THREAD_VARIABLES,
    Job,
    Replayer,
    Seen,
    UnitFailed,
    WorkerLost,
    in_words,
)
from road_clarity.models.errors import BadInput

# What a worker says, and with what
READY, SEEN, DONE, FAILED, BROKE = "ready", "seen", "done", "failed", "broke"
STARTING = threading.Lock()  # the environment is changed while a process starts
PATIENCE_S = 5.0  # for a process that was asked to end


class LocalWorker:
    """The driver's side."""

    def __init__(self, job: Job) -> None:
        """Waits until the networks are loaded.  Raises BadInput, WorkerLost."""
        self._patience_s = job.work.patience_s
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(job, theirs), daemon=True)
        with STARTING, threads_in_environment(job.work.threads):
            self._process.start()
        theirs.close()  # so that the pipe ends with the process
        kind, told = self._heard()
        if kind != READY:
            self.close()
            raise told if isinstance(told, BadInput) else WorkerLost(told)

    def run(self, unit: Unit, seen: Seen) -> None:
        try:
            self._pipe.send(unit)
        except OSError as error:
            raise WorkerLost("its process ended") from error
        while True:
            kind, told = self._heard()
            if kind == SEEN:
                seen()
            elif kind == FAILED:
                raise UnitFailed(told)
            elif kind == BROKE:
                raise WorkerLost(told)
            else:
                return

    def close(self) -> None:
        self._process.terminate()
        self._process.join(PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def _heard(self) -> tuple[str, object]:
        try:
            if not self._pipe.poll(self._patience_s):
                raise WorkerLost(f"it finished no frame in {self._patience_s:g} s")
            kind, told = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(PATIENCE_S)
            text = f"its process ended with {self._process.exitcode}"
            raise WorkerLost(text) from error
        return kind, told


def serve(job: Job, pipe: Connection) -> None:
    """The worker's side: until the pipe or the driver ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=end_with_the_driver, daemon=True).start()
    try:
        replayer = Replayer(job)
    except BadInput as error:
        pipe.send((BROKE, error))
        return
    except Exception as error:
        pipe.send((BROKE, in_words(error)))
        return
    pipe.send((READY, None))
    while True:
        try:
            unit = pipe.recv()
        except EOFError:
            return
        pipe.send(answer(replayer, unit, pipe))


def answer(replayer: Replayer, unit: Unit, pipe: Connection) -> tuple[str, object]:
    """Replay the unit; how that went."""
    try:
        replayer.run(unit, lambda: pipe.send((SEEN, None)))
    except BadInput as error:
        return FAILED, in_words(error)
    except Exception as error:  # whatever it is, the driver decides what becomes of the unit
        return BROKE, in_words(error)
    return DONE, None


def end_with_the_driver() -> None:
    """A driver that was killed cannot stop its workers."""
    driver = parent_process()
    if driver is not None:
        driver.join()
    os._exit(1)


@contextmanager
def threads_in_environment(threads: int) -> Iterator[None]:
    """For a process that is started meanwhile."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
