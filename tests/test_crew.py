"""The crew: every unit is done once, a broken worker is replaced, and nobody is waited for."""

import threading
from pathlib import Path

import pytest

from road_clarity.evaluation.units.crew import Crew
from road_clarity.evaluation.units.unit import Reading, Shard, Unit
from road_clarity.evaluation.units.worker import UnitFailed, WorkerLost
from road_clarity.models.errors import BadInput


def units(*names):
    return [
        Unit(recording=n, source=name, path=Path(name), shard=Shard(), reading=Reading(), key=name)
        for n, name in enumerate(names)
    ]


class MadeWorker:
    """Breaks down at units named broken, as often as told; refuses those named bad."""

    hired = 0
    breaks: dict[str, int] = {}
    done: list[str] = []

    def __init__(self):
        type(self).hired += 1
        self.closed = False

    def run(self, unit, seen):
        if self.closed:
            raise WorkerLost("closed")
        if self.breaks.get(unit.key, 0) > 0:
            self.breaks[unit.key] -= 1
            raise WorkerLost("its process ended with -9")
        if unit.key == "bad":
            raise UnitFailed("video file bad: breaks off")
        self.done.append(unit.key)
        seen()

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def nobody_yet():
    MadeWorker.hired, MadeWorker.breaks, MadeWorker.done = 0, {}, []


def work(names, jobs=2, attempts=3, hire=MadeWorker):
    with Crew(hire, jobs, attempts) as crew:
        return crew.work(units(*names), lambda: None)


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_unit_is_done_once(jobs):
    assert work("abcdef", jobs) == []
    assert sorted(MadeWorker.done) == list("abcdef")
    assert MadeWorker.hired <= jobs


def test_a_worker_keeps_its_networks_from_unit_to_unit():
    work("abcdef", jobs=1)
    assert MadeWorker.hired == 1


def test_a_unit_whose_worker_breaks_down_is_done_by_another():
    MadeWorker.breaks["b"] = 2
    assert work("abc", jobs=1) == []
    assert MadeWorker.done == ["a", "b", "c"]
    assert MadeWorker.hired == 3


def test_it_is_not_tried_for_ever_and_the_others_are_kept():
    MadeWorker.breaks["b"] = 99
    (failure,) = work("abc", jobs=1)
    assert (failure.unit.key, failure.attempts) == ("b", 3)
    assert failure.error == "its process ended with -9"
    assert MadeWorker.done == ["a", "c"]


def test_a_recording_that_cannot_be_read_is_not_tried_again():
    (failure,) = work(["a", "bad", "c"], jobs=1)
    assert (failure.unit.key, failure.attempts) == ("bad", 1)
    assert failure.error == "video file bad: breaks off"
    assert (MadeWorker.done, MadeWorker.hired) == (["a", "c"], 1)


def test_failures_are_told_in_the_order_of_the_units():
    MadeWorker.breaks.update(a=9, d=9)
    found = work(["d", "b", "bad", "a"], jobs=3)
    assert [one.unit.key for one in found] == ["d", "bad", "a"]


def test_weights_that_cannot_be_loaded_end_the_run():
    def hire():
        raise BadInput("weights file", "x", "its sha256 is another")

    with pytest.raises(BadInput, match="sha256"):
        work("abc", hire=hire)


def test_leaving_the_crew_stops_a_worker_in_the_middle_of_a_unit():
    class Endless(MadeWorker):
        gone = threading.Event()

        def run(self, unit, seen):
            if unit.key == "a":
                assert self.gone.wait(10.0)
                raise WorkerLost("closed")
            raise BadInput("weights", "x", "gone")

        def close(self):
            self.gone.set()

    with pytest.raises(BadInput, match="gone"):
        work("ab", hire=Endless)
