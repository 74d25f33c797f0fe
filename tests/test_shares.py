"""However shares are summed up, they add up to the score."""

import json
import math
from dataclasses import replace
from itertools import chain, combinations

import pytest

from road_clarity.pipeline.frame_row import line, reason_of, risk_row
from road_clarity.safety.risk import Cause, combine
from road_clarity.safety.scene import Risk
from road_clarity.safety.shares import KEYS, integral_s, over_time, summed

SECOND = 1_000_000_000
BOX = (0.0, 0.0, 10.0, 10.0)


def risk(stamp_ns: int, *causes: Cause) -> Risk:
    score, reasons = combine(causes)
    return Risk(stamp_ns, score, "elevated", reasons)


BUSY = risk(
    0,
    Cause("corridor.person", 0.5, BOX, "", "person"),
    Cause("collision.course", 0.25, BOX, "", "vehicle"),
    Cause("corridor.intrusion", 0.5, None, "", "person"),
    Cause("lane.departure", 0.75, None, ""),
)


@pytest.mark.parametrize(
    "by", list(chain.from_iterable(combinations(KEYS, n) for n in range(len(KEYS) + 1)))
)
def test_every_sum_adds_up_to_the_score(by):
    assert sum(summed(BUSY, by).values()) == pytest.approx(BUSY.score, abs=1e-15)


def test_shares_of_a_module_are_those_of_its_causes():
    assert summed(BUSY, ("module",)) == {
        ("lanes",): 0.375, ("tracks",): 0.375, ("segmentation",): 0.25
    }  # fmt: skip


def test_people_and_vehicles_are_told_apart():
    assert summed(BUSY, ("label",)) == {("person",): 0.5, ("vehicle",): 0.125, (None,): 0.375}


def test_a_reason_knows_its_module():
    assert {one.code: one.module for one in BUSY.reasons}["corridor.intrusion"] == "segmentation"


def test_an_event_is_the_integral_of_the_score_over_time():
    person = Cause("corridor.person", 0.5, BOX, "", "person")
    line = Cause("lane.departure", 0.25, None, "")
    event = [risk(0, person), risk(SECOND, person, line), risk(2 * SECOND, line), risk(3 * SECOND)]
    shares = over_time(event, SECOND)
    assert [(one.start_ns, one.code, one.share_s) for one in shares] == [
        (0, "corridor.person", 0.5),
        (SECOND, "corridor.person", 0.5),
        (SECOND, "lane.departure", 0.25),
        (2 * SECOND, "lane.departure", 0.25),
    ]
    assert sum(one.share_s for one in shares) == integral_s(event) == 1.5


def test_a_frame_that_lasts_over_the_end_of_a_bin_is_shared_out():
    person = Cause("corridor.person", 0.5, BOX, "", "person")
    event = [risk(0, person), risk(3 * SECOND // 2)]
    assert [one.share_s for one in over_time(event, SECOND)] == [0.5, 0.25]


def test_a_moment_has_no_duration():
    assert over_time([BUSY], SECOND) == [] and integral_s([BUSY]) == 0.0


def test_reasons_of_a_recorded_frame_are_summed_like_those_of_the_frame():
    row = json.loads(line(risk_row(BUSY)))
    said = [(one["code"], one["module"], one["label"]) for one in row["reasons"]]
    assert said == [
        ("lane.departure", "lanes", None),
        ("corridor.intrusion", "segmentation", "person"),
        ("corridor.person", "tracks", "person"),
        ("collision.course", "tracks", "vehicle"),
    ]
    again = replace(BUSY, reasons=tuple(map(reason_of, row["reasons"])))
    assert summed(again) == pytest.approx(summed(BUSY))


def test_a_reason_of_an_older_run_is_of_no_class():
    old = {"code": "lane.lost", "share": None, "region": [1.0, None, 3.0, 4.0], "text": "gone"}
    found = reason_of(old)
    assert (found.module, found.label, found.region) == ("lanes", None, None)
    assert math.isnan(found.share)
