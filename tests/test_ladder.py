"""How much is done under load: falls at once, climbs slowly, and never claims more than is true."""

import math
from itertools import product

import pytest

from road_clarity.models.errors import BadInput
from road_clarity.safety.ladder import AgeLadder, LadderConfig, LoadLadder, Rung

FULL, QUIET, TURNS = Rung.FULL, Rung.NO_EXPLANATION, Rung.REDUCED_RATE
STEP_S = 0.1


class Load:
    """Eight rounds a second."""

    def __init__(self, **settings):
        self.ladder, self.now_s = LoadLadder(LadderConfig(**settings)), 0.0

    def rounds(self, count, age_s):
        for _ in range(count):
            self.now_s += 0.125
            self.ladder.see(self.now_s, age_s)
        return self.ladder.rung


def test_images_in_time_are_looked_at_in_full():
    assert Load().rounds(1000, 0.19) == FULL


def test_five_late_images_of_ten_cost_the_explanations_and_five_more_the_full_rate():
    load = Load()
    assert load.rounds(4, 0.21) == FULL
    assert load.rounds(1, 0.21) == QUIET
    assert load.rounds(4, 0.21) == QUIET
    assert load.rounds(1, 0.21) == TURNS
    assert load.rounds(100, 0.21) == TURNS


def test_a_late_image_now_and_then_costs_nothing():
    load = Load()
    for _ in range(50):
        load.rounds(1, 0.5)
        assert load.rounds(2, 0.1) == FULL


@pytest.mark.parametrize("age_s", [math.inf, math.nan])
def test_a_network_that_did_not_answer_counts_as_late(age_s):
    assert Load().rounds(5, age_s) == QUIET


def test_with_time_to_spare_for_five_seconds_one_rung_comes_back():
    load = Load()
    load.rounds(10, 0.3)
    assert load.rounds(40, 0.14) == TURNS
    assert load.rounds(1, 0.14) == QUIET
    assert load.rounds(40, 0.14) == QUIET
    assert load.rounds(1, 0.14) == FULL


def test_just_in_time_is_no_reason_to_do_more():
    load = Load()
    load.rounds(10, 0.3)
    assert load.rounds(1000, 0.16) == TURNS


def test_a_rung_that_did_not_last_is_tried_again_half_as_often():
    load = Load()
    load.rounds(10, 0.3)
    load.rounds(41, 0.1)
    assert load.rounds(5, 0.3) == TURNS
    assert load.rounds(80, 0.1) == TURNS
    assert load.rounds(1, 0.1) == QUIET


@pytest.mark.parametrize(
    ("chosen", "rung"), [("full", FULL), ("no_explanation", QUIET), ("reduced_rate", TURNS)]
)
def test_a_rung_chosen_for_a_measurement_stays(chosen, rung):
    load = Load(rung=chosen)
    assert load.rounds(20, 9.0) == rung
    assert load.rounds(200, 0.0) == rung


def test_a_rung_that_there_is_not_is_refused():
    with pytest.raises(BadInput, match="use one of auto, full, no_explanation, reduced_rate"):
        LadderConfig(rung="fast")


def seconds(ladder, start_s, count, **told):
    for step in range(count):
        rung = ladder.step(round((start_s + step * STEP_S) * 1e9), **told)
    return rung


FRESH = {"known": True, "oldest_s": 0.1, "load": FULL}


def test_before_anything_is_known_the_rung_is_unknown():
    ladder = AgeLadder(0.35, 0.5)
    assert ladder.step(0, known=False, oldest_s=math.nan, load=FULL) == Rung.UNKNOWN


@pytest.mark.parametrize(("oldest_s", "rung"), [(0.35, FULL), (0.36, Rung.LAST_GOOD)])
def test_parts_that_are_no_longer_fresh_are_the_last_good_ones(oldest_s, rung):
    ladder = AgeLadder(0.35, 0.5)
    assert ladder.step(0, known=True, oldest_s=oldest_s, load=FULL) == rung


def test_the_last_good_parts_are_said_until_all_is_fresh_for_half_a_second():
    ladder = AgeLadder(0.35, 0.5)
    seconds(ladder, 0.0, 1, **{**FRESH, "oldest_s": 0.4})
    assert seconds(ladder, 0.1, 5, **FRESH) == Rung.LAST_GOOD
    assert seconds(ladder, 0.6, 1, **FRESH) == FULL


@pytest.mark.parametrize(
    ("known", "oldest_s", "load"),
    list(product([True, False], [0.0, 0.35, 0.36, math.nan], [FULL, QUIET, TURNS])),
)
def test_no_state_claims_more_than_is_true_now(known, oldest_s, load):
    for before in (FULL, QUIET, TURNS):
        ladder = AgeLadder(0.35, 0.5)
        ladder.step(0, known=True, oldest_s=0.0, load=before)
        rung = ladder.step(1, known=known, oldest_s=oldest_s, load=load)
        fresh = oldest_s <= 0.35
        assert rung <= load
        assert rung <= before
        assert (rung == Rung.UNKNOWN) == (not known)
        assert fresh or rung <= Rung.LAST_GOOD
