"""Dangerous clips against calm ones: figures worked out by hand."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from road_clarity.evaluation.evaluate_commands import evaluate
from road_clarity.evaluation.risk import auroc, evaluate_risk, operating_point
from road_clarity.evaluation.risk_clips import RiskClip, Said, judged, said, touch
from road_clarity.evaluation.risk_text import risk_text
from road_clarity.models.errors import BadInput
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import Reason, Risk

CONFIG = SafetyConfig(elevated=0.3, high=0.6)


def clip(score: float, hazardous: bool, touch_s: float = 5.0, at_s: float = 3.0) -> RiskClip:
    """Flagged in one moment only."""
    moments = (Said(1.0, 0.0, ""), Said(at_s, score, "corridor.person"))
    touch = touch_s if hazardous else math.nan
    return RiskClip("crossing", 1, "day", hazardous, touch, 2.0, moments, 1.0)


CALM = [clip(k / 40, False) for k in range(20)]  # 0 .. 0.475
DANGER = [clip(0.9, True), clip(0.8, True, at_s=4.0), clip(0.46, True), clip(0.1, True)]


def test_ties_count_half():
    assert auroc([1.0, 0.5], [0.5, 0.0]) == 0.875


def test_at_most_one_calm_clip_in_twenty_is_flagged():
    assert operating_point(CALM) == 18 / 40
    assert evaluate_risk(CALM + DANGER, CONFIG)["false_clip_rate"] == 0.05


def test_recall_and_lead_time_are_those_at_the_operating_point():
    scores = evaluate_risk(CALM + DANGER, CONFIG)
    assert (scores["recall"], scores["lead_time_s"]) == (0.75, 2.0)
    assert scores["raised_by"]["hazardous"] == {"corridor.person": 3}


def test_the_thresholds_that_ship_are_reported_too():
    shipped = evaluate_risk(CALM + DANGER, CONFIG)["shipped"]
    assert (shipped["elevated"]["recall"], shipped["elevated"]["false_clip_rate"]) == (0.75, 0.4)
    assert (shipped["high"]["recall"], shipped["high"]["false_clip_rate"]) == (0.5, 0.0)


def test_a_score_at_the_threshold_of_a_level_has_reached_it():
    assert evaluate_risk([clip(0.6, True)], CONFIG)["shipped"]["high"]["recall"] == 1.0


def test_a_flag_after_the_touch_leads_by_less_than_nothing():
    assert evaluate_risk([clip(0.9, True, touch_s=2.0)], CONFIG)["lead_time_s"] == -1.0


def test_who_is_seen_too_late_is_counted_apart():
    hidden = replace(clip(0.1, True), seen_s=math.nan)
    seen = evaluate_risk([*CALM, clip(0.9, True), hidden], CONFIG)["seen"]
    assert seen == {
        "share_seen_in_time": 0.5, "median_seen_s": 3.0,
        "recall_of_those": 1.0, "recall_of_others": 0.0,
    }  # fmt: skip


def test_figures_without_clips_are_null():
    assert evaluate_risk(CALM, CONFIG)["clip_auroc"] is None


def test_the_interval_holds_the_figure():
    scores = evaluate_risk(CALM + DANGER, CONFIG)
    low, high = scores["interval"]["clip_auroc"]
    assert low <= scores["clip_auroc"] <= high


@pytest.mark.parametrize(
    ("code", "score"), [("watch.settling", 0.0), ("world.no_prediction", 0.0), ("input.blank", 1.0)]
)
def test_a_start_is_no_flag_and_a_fault_is_one(code, score):
    assert said(Risk(0, 1.0, "unknown", (Reason(code, 1.0, None, ""),), points=1.0)).score == score


def test_nothing_after_the_last_hazardous_frame_counts():
    rows = [(Said(t, s, ""), danger, None, True) for t, s, danger in
            ((0.0, 0.1, False), (0.1, 0.2, True), (0.2, 0.9, False))]  # fmt: skip
    one = judged("crossing", 1, "day", rows, 1.0)
    assert (one.worst.score, one.touch_s, one.seen_s) == (0.2, 0.1, 0.1)


def test_the_touch_is_what_the_first_hazardous_frame_foresees():
    rows = [(Said(t, 0.0, ""), True, touch, False) for t, touch in
            ((0.0, None), (0.1, 2.5), (0.2, 4.0))]  # fmt: skip
    one = judged("crossing", 1, "day", rows, 1.0)
    assert one.touch_s == 2.5 and math.isnan(one.seen_s)


@pytest.mark.parametrize(("left_s", "expected"), [(2.5, 4.5), (47.0, None), (None, None)])
def test_a_touch_that_is_far_off_is_none(left_s, expected):
    truth = SimpleNamespace(stamp_ns=2_000_000_000, time_to_collision_s=left_s)
    assert touch(truth) == expected


def test_people_can_read_it():
    text = risk_text(evaluate_risk(CALM + DANGER, CONFIG))
    assert text.splitlines()[1].split()[:3] == ["all", "4", "20"]


def test_a_seed_that_is_no_range_is_refused():
    result = CliRunner().invoke(evaluate, ["risk", "--seeds", "7"])
    assert isinstance(result.exception, BadInput)
