"""What explanations while driving cost, on a tiny world model."""

import pytest
from made_world import made_pair
from test_live_explanation import seen, street

from road_clarity.evaluation.bench.explanation import explanation_times, timed
from road_clarity.models.errors import BadInput


class Stage:
    """In place of the world model."""

    def __init__(self, pair):
        self.pair = pair

    def run(self, frame):
        return seen(self.pair, frame)


def times(count):
    pair = made_pair()
    return explanation_times(Stage(pair), pair, map(street, range(count)))


def test_every_frame_with_a_prediction_is_explained_at_every_number_of_regions():
    found = times(9)
    assert {name: one.count for name, one in found.items()} == {
        "world": 9, "explained 0": 3, "explained 1": 3, "explained 3": 3,
    }  # fmt: skip
    assert all(0.0 < one.best <= one.p50 <= one.p99 for one in found.values())


def test_waiting_costs_no_time_of_the_processor():
    import time

    answer, took_ms = timed(lambda: time.sleep(0.05) or "answer")
    assert (answer, took_ms < 50.0) == ("answer", True)


def test_a_recording_without_predictions_is_refused():
    with pytest.raises(BadInput, match="source too short"):
        times(6)
