"""Road users of simulated streets: who must be found, who was, and after how long."""

import pytest

from road_clarity.evaluation.street_objects import (
    Tally,
    Waits,
    count,
    evaluate_streets,
    false,
    found_by,
)
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.presets import preset
from road_clarity.training.simulator.ground_truth import Instance


def walker(name: int, *box: float) -> Instance:
    return Instance(name, "person", "adult", box, 99, 9.0, 0.0, (0.0, 0.0))


NEAR, FAR = walker(1, 0, 0, 20, 60), walker(2, 50, 0, 60, 30)


def test_everybody_is_found_once_by_the_box_that_fits_best():
    assert found_by([(1, 0, 21, 60), (0, 0, 20, 60), (50, 0, 60, 29)], [NEAR, FAR]) == {1, 2}
    assert found_by([(18, 0, 38, 60)], [NEAR, FAR]) == set()


def test_a_box_about_nobody_is_false_and_a_loose_one_is_not():
    assert false([(100, 0, 110, 30), (10, 0, 30, 60)], [NEAR, FAR]) == 1


def test_people_are_counted_by_how_high_they_are():
    tally = Tally()
    count(tally.there, {1, 2}, [NEAR, FAR])
    count(tally.tracked, {1}, [NEAR, FAR])
    assert tally.told(10)["tracked"] == {"24": 0.0, "48": 1.0}


def test_the_wait_is_from_the_first_moment_to_the_first_box():
    waits = Waits()
    for moment in range(11):
        waits.look(moment * 0.1, asked={1, 2}, found={1} if moment >= 3 else set())
    waits.look(1.1, asked={3}, found=set())  # too short to be waited for
    assert waits.ended() == pytest.approx([0.3, 2.0])


def test_streets_without_seeds_are_refused():
    with pytest.raises(BadInput, match="such as 5000:5004"):
        evaluate_streets(None, preset("tiny"), "cpu")
