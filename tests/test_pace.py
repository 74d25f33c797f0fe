"""Faithfulness of slow networks ends in time, so that the maps that were scored are answered."""

import math

import numpy as np
import pytest
import torch
from made_drive import street

from road_clarity.pipeline.eigen_maps import EigenMap
from road_clarity.pipeline.scored_maps import eigen_map_faithfulness
from road_clarity.safety.map_faithfulness import BETTER, NOT_BETTER, OutOfTime
from road_clarity.safety.pace import Pace
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.explainer import Place
from road_clarity.service.network_explainer import NetworkExplainer

MAP = EigenMap("lanes", "norm", np.linspace(0, 1, 48 * 64, dtype=np.float32).reshape(48, 64))
ANSWER_S, MAP_S, UNTAUGHT_S = 0.5, 1.0, 3.0
ALL_S = 128.0  # of one map with its checks, at most


class Clock:
    """The time that is left [s], which only the networks use up."""

    def __init__(self, left_s):
        self.left_s = left_s

    def __call__(self):
        return self.left_s


class SlowMaps:
    """Networks that take their time."""

    def __init__(self, clock):
        self.clock = clock

    def asker(self, of, frame, target):
        def answer(frame):
            self.clock.left_s -= ANSWER_S
            return torch.from_numpy(frame.image[::8, ::8].astype(np.float32).ravel())

        return answer

    def again(self, of, frame, target):
        self.clock.left_s -= MAP_S
        return MAP

    def untaught(self, of, frame, target):
        self.clock.left_s -= UNTAUGHT_S
        return MAP


def scored(maps, pace, checks=True):
    return eigen_map_faithfulness(maps, street(), MAP, None, maps.clock, checks, pace)


@pytest.mark.parametrize("left_s", [0.25, 1.0, 2.0, 4.0, 6.0, 9.5, 20.0, 40.0])
def test_the_second_map_is_given_up_before_the_time_is_over(left_s):
    clock, pace = Clock(ALL_S), Pace()
    maps = SlowMaps(clock)
    assert scored(maps, pace).verdict in (BETTER, NOT_BETTER)
    clock.left_s = left_s
    with pytest.raises(OutOfTime):
        scored(maps, pace)
    assert clock.left_s >= 0.0


def test_a_network_that_was_never_asked_counts_as_slow_as_the_slowest():
    clock, pace = Clock(9.0), Pace()
    pace.step("of lanes", lambda: setattr(clock, "left_s", 5.0), clock)
    with pytest.raises(OutOfTime):
        pace.step("of tracker", lambda: pytest.fail("begun"), clock)
    clock.left_s = 6.5
    pace.step("of tracker", lambda: None, clock)


def test_without_a_deadline_everything_is_done():
    pace = Pace()
    found = [pace.step("one", lambda: 7, lambda: math.inf) for _ in range(3)]
    assert found == [7, 7, 7]


def test_nothing_begins_once_the_caller_has_left():
    with pytest.raises(OutOfTime):
        Pace().step("one", lambda: pytest.fail("begun"), lambda: -1.0)


def test_the_service_remembers_the_pace_from_map_to_map(monkeypatch):
    clock = Clock(ALL_S)
    explainer = NetworkExplainer.__new__(NetworkExplainer)
    explainer._maps, explainer._pace = SlowMaps(clock), Pace()
    deadline = Deadline(math.inf)
    monkeypatch.setattr(Deadline, "left_s", lambda self: clock.left_s)
    place = Place("person 7", (0.0, 0.0, 9.0, 9.0))
    assert explainer.score(street(), MAP, place, deadline, True) is not None
    clock.left_s = 2.5  # enough for a map under noise, not for one of shuffled weights
    assert explainer.score(street(), MAP, place, deadline, True) is None
    assert clock.left_s >= 0.3  # what it takes to send the answer
