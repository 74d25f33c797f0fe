"""A process that hangs ends itself: real processes, with nodes that hang when they are told to."""

import os
import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

from road_clarity.nodes.watchdog import HANGS, Watchdog, WatchdogConfig, hangs, is_lost
from road_clarity.pipeline.in_hand import InHand

pytestmark = pytest.mark.ros

LIMIT_S = 60.0
PROGRAM = """
import ctypes, sys, threading, time
from types import SimpleNamespace
from rclpy.node import Node
from road_clarity.nodes import process
from road_clarity.nodes.watchdog import WatchdogConfig, is_lost
from road_clarity.pipeline.in_hand import InHand

class Hanging(Node):
    limits = WatchdogConfig(hangs_s=0.2, restart_s=1.0, first_s=1.0)

    def __init__(self):
        super().__init__("hanging")
        self.work = InHand()

    def start(self):
        {start}

    def in_thread(self, work):
        def run():
            with self.work.work():
                work()
        threading.Thread(target=run, daemon=True).start()

    def stop(self):
        print("last words", flush=True)

    def done(self):
        return False

    def is_lost(self):
        return is_lost(self.work, self.limits)

raise SystemExit(process.run(lambda: [Hanging()]))
"""
SLEEP = "lambda: time.sleep(60)"
NO_INTERPRETER = "lambda: ctypes.PyDLL(None).sleep(60)"  # holds the lock that all threads need


def ended(start):
    """Exit code, output, and how long it took [s] for a node that does so at its start."""
    environment = os.environ | {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": str(40 + os.getpid() % 60),
    }
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(start=start)], env=environment, check=False,
        capture_output=True, text=True, timeout=LIMIT_S,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr, time.monotonic() - began


@pytest.mark.claim("restart", "hangs")
@pytest.mark.fault(
    "network never comes back", state="unknown: lanes.hangs; the process stores its evidence, ends "
    "with exit code 3 and is started again",
    within="10 s (`watchdog.restart_s`)", back="when the new process has loaded its networks",
)  # fmt: skip
def test_a_thread_that_hangs_ends_its_process_after_its_last_words():
    code, told, errors, _ = ended(f"self.in_thread({SLEEP})")
    assert (code, told) == (HANGS, "last words\n"), errors
    assert "hanging hangs; the process ends" in errors


@pytest.mark.claim("restart", "hangs")
@pytest.mark.fault(
    "a callback hangs, or native code holds the interpreter",
    state="silence (DDS tells who asked for the deadline); the process ends with exit code 1 and "
    "is started again", within="10 s (`watchdog.restart_s`)", back="when the process is up",
)  # fmt: skip
@pytest.mark.parametrize("work", [SLEEP, NO_INTERPRETER])
def test_a_callback_that_hangs_ends_its_process_and_tells_where(work):
    code, told, errors, _ = ended(f"self.create_timer(0.01, {work})")
    assert (code, told) == (1, ""), errors
    assert "Timeout" in errors and "in <lambda>" in errors


@pytest.mark.claim("restart", "hangs")
@pytest.mark.fault("a callback hangs, or native code holds the interpreter")
def test_a_thread_that_holds_the_interpreter_ends_its_process():
    code, _, errors, _ = ended(f"self.in_thread(lambda: (time.sleep(0.5), ({NO_INTERPRETER})()))")
    assert code == 1, errors


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_work_lasts_from_when_it_was_taken_in_hand():
    clock = Clock()
    work = InHand(clock)
    with work.work():
        clock.now_s += 2.5
        assert work.lasts_s == 2.5
    assert (work.lasts_s, work.finished) == (0.0, 1)


def test_the_first_image_may_take_longer_as_backends_compile():
    clock = Clock()
    work, limits = InHand(clock), WatchdogConfig(hangs_s=1.0, restart_s=10.0, first_s=60.0)
    with work.work():
        clock.now_s += 11.0
        assert (hangs(work, limits), is_lost(work, limits)) == (True, False)
    with work.work():
        clock.now_s += 11.0
        assert is_lost(work, limits)


def test_a_watchdog_that_nobody_armed_does_nothing(monkeypatch):
    import faulthandler

    monkeypatch.setattr(faulthandler, "dump_traceback_later", lambda *args, **kw: 1 / 0)
    Watchdog().allow(0.1)
