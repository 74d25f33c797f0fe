"""The line of explanations: who leaves, who hangs, and that the next one is served all the same."""

import threading
import time

import grpc
import pytest

from road_clarity.service import explain_queue
from road_clarity.service.errors import Refusal
from road_clarity.service.explain_queue import MOST_HUNG, Deadline, ExplainQueue, PerWorker


class Caller:
    """A call with a deadline, as gRPC tells of it."""

    def __init__(self, patience_s: float) -> None:
        self._until_s, self.left = time.monotonic() + patience_s, []

    def time_remaining(self):
        return self._until_s - time.monotonic()

    def add_callback(self, leave):
        self.left.append(leave)
        return True

    def goes(self):
        for leave in self.left:
            leave()


@pytest.fixture
def line():
    queue, woken = ExplainQueue(), threading.Event()
    queue.woken = woken
    yield queue
    woken.set()
    queue.stop()


def refused(line, work, patience_s=0.05):
    with pytest.raises(Refusal) as caught:
        line.run(work, Caller(patience_s))
    return caught.value


def test_the_answer_of_the_work_is_handed_on(line):
    assert line.run(lambda deadline: 7, Caller(9.0)) == 7
    with pytest.raises(KeyError):
        line.run(lambda deadline: {}["x"], Caller(9.0))
    assert line.length == 0


def test_work_stops_at_its_next_step_once_the_caller_has_left(line):
    caller, begun, stopped = Caller(30.0), threading.Event(), threading.Event()

    def work(deadline):
        begun.set()
        try:
            while True:
                deadline.check()
                time.sleep(0.001)
        finally:
            stopped.set()

    asking = threading.Thread(target=lambda: pytest.raises(Refusal, line.run, work, caller))
    asking.start()
    assert begun.wait(5.0)
    caller.goes()
    assert stopped.wait(5.0)
    asking.join(5.0)
    assert line.run(lambda deadline: "next", Caller(9.0)) == "next"


def test_nothing_is_left_of_the_time_of_a_caller_who_left():
    deadline = Deadline(time.monotonic() + 60.0)
    assert deadline.left_s() > 50.0
    deadline.gone.set()
    assert deadline.left_s() < 0.0


def test_a_worker_that_hangs_is_replaced_and_the_line_goes_on(line, monkeypatch):
    monkeypatch.setattr(explain_queue, "HUNG_S", 0.05)
    assert refused(line, lambda deadline: line.woken.wait(20.0)).is_late
    time.sleep(0.1)
    assert line.run(lambda deadline: "served", Caller(9.0)) == "served"
    assert line.length == 0


def test_who_waits_behind_a_worker_that_hangs_is_served_by_its_successor(line, monkeypatch):
    monkeypatch.setattr(explain_queue, "HUNG_S", 0.1)
    monkeypatch.setattr(explain_queue, "LOOK_S", 0.05)
    assert refused(line, lambda deadline: line.woken.wait(20.0)).is_late
    assert line.run(lambda deadline: "served", Caller(9.0)) == "served"


def test_work_that_wakes_up_after_it_was_given_up_changes_nothing(line, monkeypatch):
    monkeypatch.setattr(explain_queue, "HUNG_S", 0.05)
    refused(line, lambda deadline: line.woken.wait(20.0))
    time.sleep(0.1)
    hung = line._worker.thread
    line.run(lambda deadline: 1, Caller(9.0))
    line.woken.set()
    hung.join(5.0)
    assert not hung.is_alive()
    assert line.run(lambda deadline: 2, Caller(9.0)) == 2


def test_after_a_few_that_hang_the_line_is_closed(line, monkeypatch):
    monkeypatch.setattr(explain_queue, "HUNG_S", 0.02)
    for _ in range(MOST_HUNG):
        refused(line, lambda deadline: line.woken.wait(20.0))
        time.sleep(0.1)
    closed = refused(line, lambda deadline: 1, 9.0)
    assert closed.text == "3 explanations hung; restart the server"
    assert closed.code == grpc.StatusCode.UNAVAILABLE.value[0]


def test_every_worker_loads_its_own_once():
    made = []
    load = PerWorker(lambda: made.append(1) or object())
    mine, theirs = (load(), load()), []
    other = threading.Thread(target=lambda: theirs.append(load()))
    other.start()
    other.join(5.0)
    assert mine[0] is mine[1] and theirs[0] is not mine[0] and len(made) == 2


def test_idle_work_waits_until_nobody_comes_and_gives_way_to_who_comes(line, monkeypatch):
    monkeypatch.setattr(explain_queue, "QUIET_S", 0.02)
    turns, begun = [], threading.Event()

    def meanwhile(deadline):
        turns.append("idle")
        begun.set()
        while len(turns) < 3:  # until it was interrupted once
            deadline.check()
            time.sleep(0.001)

    line.when_idle(meanwhile)
    assert begun.wait(10.0)
    assert line.run(lambda deadline: turns.append("asked") or 7, Caller(9.0)) == 7
    for _ in range(1000):
        if line._worker.idle is None:
            break
        time.sleep(0.01)
    assert turns == ["idle", "asked", "idle"]  # called again, and then never more
    assert line.length == 0


def test_idle_work_that_fails_is_not_tried_again_and_harms_nobody(line, monkeypatch):
    monkeypatch.setattr(explain_queue, "QUIET_S", 0.02)
    tried, done = [], threading.Event()

    def broken(deadline):
        tried.append(1)
        done.set()
        raise KeyError("x")

    line.when_idle(broken)
    assert done.wait(10.0)
    assert line.run(lambda deadline: 7, Caller(9.0)) == 7
    time.sleep(0.1)
    assert tried == [1]


def test_idle_work_that_hangs_is_replaced_like_any_other(line, monkeypatch):
    monkeypatch.setattr(explain_queue, "QUIET_S", 0.02)
    monkeypatch.setattr(explain_queue, "LONGEST_S", 0.05)
    monkeypatch.setattr(explain_queue, "HUNG_S", 0.0)
    monkeypatch.setattr(explain_queue, "LOOK_S", 0.02)
    begun = threading.Event()

    def hanging(deadline):
        begun.set()
        line.woken.wait(30.0)

    line.when_idle(hanging)
    assert begun.wait(10.0)
    time.sleep(0.1)
    monkeypatch.setattr(explain_queue, "LONGEST_S", 60.0)
    assert line.run(lambda deadline: 7, Caller(9.0)) == 7
