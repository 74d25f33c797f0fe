"""The supervisor, with real processes that do next to nothing."""

import os
import signal
import sys
import threading
import time

import pytest

from road_clarity.nodes.supervisor import Child, Supervisor

SLEEP = [sys.executable, "-S", "-E", "-c", "import time; time.sleep(60)"]


def ends_with(code):
    return [sys.executable, "-S", "-E", "-c", f"raise SystemExit({code})"]


def child(command, is_service=True):
    return Child("node", command, is_service)


def interrupt_after(seconds, number=signal.SIGTERM):
    threading.Timer(seconds, os.kill, (os.getpid(), number)).start()


def test_a_recording_that_is_over_ends_everything():
    service = child(SLEEP)
    assert Supervisor([service, child(ends_with(0), is_service=False)], tell=str).run() == 0
    assert service.popen.poll() is not None


def test_a_process_that_refuses_its_settings_ends_everything_with_two():
    service = child(SLEEP)
    assert Supervisor([service, child(ends_with(2))], tell=str).run() == 2
    assert service.popen.poll() is not None


@pytest.mark.claim("restart")
def test_a_process_that_dies_is_started_again():
    told = []
    interrupt_after(1.2)
    Supervisor([child(ends_with(1))], tell=told.append).run()
    assert sum("started" in line for line in told) == 2


def test_the_pause_before_a_restart_doubles_up_to_a_limit():
    dying = child(ends_with(1))
    pauses = []
    for _ in range(7):
        dying.end(now_s=0.0)
        pauses.append(dying.again_s)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_process_that_ran_well_is_started_again_soon():
    dying = child(ends_with(1))
    dying.pause_s, dying.started_s = 8.0, 0.0
    dying.end(now_s=31.0)
    assert dying.again_s == 31.5


def test_both_signals_stop_all_processes():
    for number in (signal.SIGINT, signal.SIGTERM):
        service = child(SLEEP)
        interrupt_after(0.3, number)
        started = time.monotonic()
        assert Supervisor([service], tell=str).run() == 0
        assert service.popen.poll() is not None
        assert time.monotonic() - started < 5.0
