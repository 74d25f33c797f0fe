"""Explanations wait in line: one at a time, behind the live work, and only so many in the line.

A worker whose work does not end long after its caller left is hung.  Another takes its place, with
networks of its own, since the hung one may still wake up in the midst of its; after a few of them
the line is closed, as each holds memory.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Generic, TypeVar

import grpc
from google.rpc import code_pb2

from road_clarity.pipeline.slots import step_back
from road_clarity.service.errors import Refusal, error_info, late
from road_clarity.service.places import Places

Answer = TypeVar("Answer")

WAITING = 4  # places in the line behind the one that is being worked on
LONGEST_S = 60.0  # for callers without a deadline of their own [s]
RETRY_S = 1.0
RESERVE_S = 0.3  # of the caller's time that is kept back to draw and send the answer [s]
LOW_PRIORITY = 10  # niceness of the worker; streams run at 0
STOP_S = 10.0  # how long a stop waits for the work to end [s]
HUNG_S = 30.0  # after the deadline, from when on work counts as hung [s]
MOST_HUNG = 3  # workers that may hang before the line is closed
QUIET_S = 1.0  # for which nobody came, from when on idle work is done [s]
LOOK_S = 0.5  # how often callers in the line look whether the worker hangs [s]


@dataclass(frozen=True)
class Deadline:
    """When the caller stops waiting, on the monotonic clock [s]."""

    at_s: float
    gone: threading.Event = field(default_factory=threading.Event)  # the caller has left

    def left_s(self) -> float:
        """Nothing at all once the caller has left: work stops at its next step."""
        return -1.0 if self.gone.is_set() else self.at_s - monotonic()

    def check(self) -> None:
        """Between two steps of work.  Raises Refusal when nobody waits for it any more."""
        if self.left_s() <= 0.0:
            raise late("the time was over, or the caller left, before there was an answer")


@dataclass(frozen=True)
class IdleTime(Deadline):
    """Over as soon as somebody comes."""

    came: Callable[[], bool] = lambda: False

    def left_s(self) -> float:
        return -1.0 if self.came() else super().left_s()


@dataclass(eq=False)
class Job:
    work: Callable[[], Any]
    deadline: Deadline
    done: Future[Any] = field(default_factory=Future)


class Worker:
    """One thread that takes jobs until it is retired."""

    def __init__(self, jobs: queue.SimpleQueue[Job | None]) -> None:
        self.job: Job | None = None
        self.idle: Callable[[Deadline], object] | None = None
        self.retired = False
        self._jobs = jobs
        # A daemon: work that hangs must not keep the process from ending.
        self.thread = threading.Thread(target=self._run, name="explain", daemon=True)
        self.thread.start()

    def hangs(self) -> bool:
        job = self.job
        return job is not None and monotonic() > job.deadline.at_s + HUNG_S

    def _run(self) -> None:
        step_back(LOW_PRIORITY)
        while not self.retired:
            job = self._next()
            if job is None:
                return
            if job.done.set_running_or_notify_cancel():
                self.job = job
                self._do(job)
                self.job = None

    def _next(self) -> Job | None:
        """The next in the line; what is to be done while there is none is done meanwhile."""
        while (idle := self.idle) is not None:
            if self.retired:
                return None  # it hung, and another has taken its place
            try:
                return self._jobs.get(timeout=QUIET_S)
            except queue.Empty:
                self._do_meanwhile(idle)
        return self._jobs.get()

    def _do_meanwhile(self, idle: Callable[[Deadline], object]) -> None:
        """Nobody hears of what fails: who asks for the same will."""
        time = IdleTime(monotonic() + LONGEST_S, came=lambda: not self._jobs.empty())
        self.job = Job(lambda: idle(time), time)  # so that it is seen when it hangs
        self._do(self.job)
        self.job = None
        if time.left_s() > 0.0 and self.idle is idle:
            self.idle = None  # it ended by itself

    def _do(self, job: Job) -> None:
        try:
            answer = job.work()
        except BaseException as error:
            with suppress(InvalidStateError):  # it was given up
                job.done.set_exception(error)
        else:
            with suppress(InvalidStateError):
                job.done.set_result(answer)


class ExplainQueue:
    """Runs work on its one thread and waits for it as long as the caller does."""

    def __init__(self) -> None:
        self._places = Places(1 + WAITING, f"{WAITING} explanations are waiting already", RETRY_S)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._worker, self._hung = Worker(self._jobs), 0
        self._lock = threading.Lock()
        self._taken = 0

    @property
    def length(self) -> int:
        """Explanations that wait or are worked on."""
        return self._taken

    def first(self, load: Callable[[], Answer]) -> Future[Answer]:
        """What everything in the line needs; takes no place, and as long as it wants."""
        return self._submit(Job(load, Deadline(math.inf)))

    def when_idle(self, work: Callable[[Deadline], object]) -> None:
        """Do this once nobody has come for a while, instead of what was to be done so before.

        work: ends, by whatever exception, when its time is over; then it is called again
        """
        self._worker.idle = work
        self._submit(Job(lambda: None, Deadline(math.inf)))  # wakes it

    def run(
        self, work: Callable[[Deadline], Answer], context: grpc.ServicerContext,
        reserve_s: float = 0.0,
    ) -> Answer:  # fmt: skip
        """Raises Refusal when the line is full or the time is over, and whatever work raises.

        reserve_s: of the caller's time, for those who have more to say than the work's answer [s]
        """
        remaining = context.time_remaining()
        deadline = Deadline(monotonic() + min(remaining or LONGEST_S, LONGEST_S) - reserve_s)
        self._replace_hung()
        self._places.take()
        self._count(1)
        job = Job(lambda: work(deadline), deadline)
        job.done.add_done_callback(lambda _: self._left())
        context.add_callback(lambda: leave(job))
        self._submit(job)
        try:
            answer: Answer = self._wait(job.done, deadline)
            return answer
        except (FutureTimeout, CancelledError) as error:
            leave(job)
            raise late(
                "the explanation was not ready in time; allow more, or ask for less"
            ) from error

    def stop(self) -> None:
        """Let go of everyone in the line, and wait a little for the work to end."""
        self._worker.retired = True
        with suppress(queue.Empty):
            while True:
                waiting = self._jobs.get_nowait()
                if waiting is not None:
                    leave(waiting)
        at_work = self._worker.job
        if at_work is not None:
            leave(at_work)
        self._jobs.put(None)
        self._worker.thread.join(STOP_S)  # a process that ends amid a network's work is aborted

    def _submit(self, job: Job) -> Future[Any]:
        self._jobs.put(job)
        return job.done

    def _wait(self, done: Future[Answer], deadline: Deadline) -> Answer:
        while True:
            left_s = deadline.left_s()
            try:
                return done.result(timeout=max(min(left_s, LOOK_S), 0.0))
            except FutureTimeout:
                if left_s <= LOOK_S:
                    raise
                self._replace_hung()

    def _left(self) -> None:
        self._count(-1)
        self._places.give_back()

    def _count(self, more: int) -> None:
        with self._lock:
            self._taken += more

    def _replace_hung(self) -> None:
        """Raises Refusal when too many workers hang."""
        with self._lock:
            job = self._worker.job
            hung = job is not None and self._worker.hangs() and self._hung < MOST_HUNG
            if hung:
                self._worker.retired = True
                self._hung += 1
                if self._hung < MOST_HUNG:
                    self._worker = Worker(self._jobs)
        if hung and job is not None:
            with suppress(InvalidStateError):
                job.done.set_exception(late("the work hung and was given up"))
        if self._hung >= MOST_HUNG:
            text = f"{MOST_HUNG} explanations hung; restart the server"
            raise Refusal(code_pb2.UNAVAILABLE, text, error_info("WORKERS_HUNG"))


def leave(job: Job) -> None:
    """Nobody waits for it any more: it is not begun, or ends at its next step."""
    job.deadline.gone.set()
    job.done.cancel()


class PerWorker(Generic[Answer]):
    """What is loaded once by every worker that asks for it, so that no two threads share it."""

    def __init__(self, load: Callable[[], Answer]) -> None:
        self._load, self._mine = load, threading.local()

    def __call__(self) -> Answer:
        """Raises what load raises; then the next call tries again."""
        if not hasattr(self._mine, "value"):
            self._mine.value = self._load()
        value: Answer = self._mine.value
        return value
