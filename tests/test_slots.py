"""The newest frame wins, and what was lost is counted."""

import os
import sys
import threading

import pytest

from road_clarity.pipeline.slots import LatestSlot, StageWorker


def test_a_slow_reader_gets_the_newest_frame_and_the_drops_are_counted():
    slot = LatestSlot[str]()
    for frame in ("first", "second", "third"):
        slot.put(frame)
    assert (slot.take(), slot.dropped) == ("third", 2)


def test_a_closed_slot_wakes_its_reader_with_nothing():
    slot = LatestSlot[str]()
    slot.put("late")
    slot.close()
    assert slot.take() is None


def test_a_stage_that_raises_is_reported_and_lives_on():
    heard, done = [], threading.Event()

    def work(frame: str) -> None:
        if frame == "bad":
            raise ValueError("no lanes today")
        done.set()

    worker = StageWorker("lanes", work, lambda frame, error: (heard.append(str(error)), done.set()))
    worker.slot.put("bad")
    assert done.wait(5) and heard == ["no lanes today"]
    done.clear()
    worker.slot.put("good")
    assert done.wait(5) and worker.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere niceness is the process's")
def test_a_worker_can_stand_behind_the_rest_of_its_process():
    found, done = [], threading.Event()

    def work(frame: str) -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        done.set()

    before = os.getpriority(os.PRIO_PROCESS, 0)
    worker = StageWorker("explainer", work, lambda frame, error: done.set(), niceness=19)
    worker.slot.put("frame")
    assert done.wait(5) and worker.stop()
    assert (found, os.getpriority(os.PRIO_PROCESS, 0)) == ([19], before)
