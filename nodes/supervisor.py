"""Starts the processes of the node table without ros2, restarts them when they die, stops them."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from road_clarity.nodes.table import Start
from road_clarity.nodes.transport import sweep

LOOK_EVERY_S = 0.1
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0  # before a process is started again; doubles each time
STEADY_S = 30.0  # after which a process counts as running well
# How a process is asked to stop, and how long it is waited for [s].  Nodes take SIGINT and SIGTERM
# alike, but a Python that is still importing answers SIGINT with a traceback.
STOPPING = ((signal.SIGTERM, 8.0), (signal.SIGKILL, 3.0))
BAD_SETTINGS = 2  # exit code of a process that cannot work as it was told to
PR_SET_PDEATHSIG = 1


def command(start: Start) -> list[str]:
    return [sys.executable, "-m", start.process.module, "--ros-args", *start.ros_arguments()]


@dataclass
class Child:
    """A process, its restarts and its pauses.  Times are of a clock that never goes back [s]."""

    name: str
    command: Sequence[str]
    is_service: bool
    popen: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    again_s: float = 0.0  # when to start again

    def begin(self, now_s: float) -> None:
        # A session of its own: Ctrl-C reaches the supervisor only, which stops all in order.
        self.popen = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self.started_s = now_s

    def end(self, now_s: float) -> None:
        """It died: plan when to start it again."""
        self.popen = None
        if now_s - self.started_s > STEADY_S:
            self.pause_s = FIRST_PAUSE_S
        self.again_s = now_s + self.pause_s
        self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)


def die_with_parent() -> None:
    """In the child, before exec: a supervisor that was killed leaves no orphans (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs until a signal comes, a recording is over, or a process refuses its settings."""

    def __init__(self, children: Sequence[Child], tell: Callable[[str], None]) -> None:
        self._children, self._tell = list(children), tell
        self._asked_to_stop = False

    def run(self) -> int:
        """Exit code: that of the process that ended it all, 0 after SIGINT or SIGTERM."""
        before = {one: signal.signal(one, self._note) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            for child in self._children:
                self._begin(child)
            return self._watch()
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked_to_stop = True

    def _begin(self, child: Child) -> None:
        child.begin(time.monotonic())
        assert child.popen is not None
        self._tell(f"{child.name} started (pid {child.popen.pid})")

    def _watch(self) -> int:
        while not self._asked_to_stop:
            for child in self._children:
                code = self._look_at(child)
                if code is not None:
                    return code
            time.sleep(LOOK_EVERY_S)
        return 0

    def _look_at(self, child: Child) -> int | None:
        """None to go on, or the exit code with which everything ends."""
        now_s = time.monotonic()
        if child.popen is None:
            if now_s >= child.again_s:
                self._begin(child)
            return None
        code = child.popen.poll()
        if code is None:
            return None
        if code == BAD_SETTINGS or not child.is_service:
            return code
        if code != 0:  # it did not say goodbye to DDS
            sweep()
        child.end(now_s)
        self._tell(f"{child.name} ended with {code}; again in {child.again_s - now_s:.1f} s")
        return None

    def stop(self) -> None:
        """Ask all to stop, then insist."""
        for number, patience_s in STOPPING:
            running = [one for one in self._children if one.popen and one.popen.poll() is None]
            for child in running:
                assert child.popen is not None
                child.popen.send_signal(number)
            self._wait(running, patience_s)

    def _wait(self, children: Sequence[Child], patience_s: float) -> None:
        until_s = time.monotonic() + patience_s
        for child in children:
            assert child.popen is not None
            try:
                child.popen.wait(max(0.0, until_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._tell(f"{child.name} does not stop")


def supervise(starts: Sequence[Start], tell: Callable[[str], None]) -> int:
    """Run the processes until the end.  Returns the exit code."""
    children = [
        Child(one.process.executable, command(one), one.process.is_service) for one in starts
    ]
    return Supervisor(children, tell).run()
