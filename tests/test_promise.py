"""Along the drive: the p-value of the running clip, and whether the promise still holds."""

import math

import pytest
from made_calibration import MODELS, made_calibration
from test_watch import calm

from road_clarity.models.errors import BadInput
from road_clarity.safety.alarm import alarm_score
from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.clip_cutter import ClipCutter, Span
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.level import Level
from road_clarity.safety.promise import PromiseKeeper
from road_clarity.safety.watch import Watch

SECOND = 1_000_000_000  # [ns]


def test_the_alarm_score_knows_no_ceiling_and_a_fault_is_beyond_all():
    assert alarm_score("high", ["corridor.person", "collision.time"], 1.5) == 1.5
    assert alarm_score("unknown", ["input.blank"], 1.0) == math.inf
    assert alarm_score("unknown", ["anomaly.surprise", "world.failed"], 1.2) == math.inf


def test_while_the_watch_warms_up_nothing_is_judged():
    assert alarm_score("unknown", ["world.no_prediction", "anomaly.reconstruction"], 1.3) is None
    assert alarm_score("unknown", ["watch.settling"], 1.0) is None


def test_a_drive_is_cut_into_clips_of_equal_length_from_its_first_judged_frame():
    cutter, found = ClipCutter(2.0), []
    for tenth, alarm in enumerate([None, None, *[0.1] * 20, *[0.3] * 20, *[0.2] * 5]):
        found.append(cutter.see(tenth * SECOND // 10, alarm))
    tenth = SECOND // 10
    assert [one for one in found if one] == [
        Span(2 * tenth, 21 * tenth, 0.1),
        Span(22 * tenth, 41 * tenth, 0.3),
    ]
    assert (cutter.finish(), cutter.dropped) == (None, 1)  # a rest of 0.4 s


def test_a_rest_of_half_the_length_is_a_clip():
    cutter = ClipCutter(2.0)
    for tenth in range(11):
        cutter.see(tenth * SECOND // 10, 0.1)
    assert cutter.finish() == Span(0, SECOND, 0.1)


def test_a_jump_back_in_time_begins_a_new_clip():
    cutter = ClipCutter(2.0)
    cutter.see(5 * SECOND, 0.1)
    cutter.see(6 * SECOND, 0.4)
    assert cutter.see(SECOND, 0.2) == Span(5 * SECOND, 6 * SECOND, 0.4)
    assert cutter.open == Span(SECOND, SECOND, 0.2)


def test_without_a_calibration_nothing_is_promised():
    keeper = PromiseKeeper()
    promise = keeper.see(0, 0.9)
    assert (promise.state, promise.p_value, promise.alpha) == ("none", None, None)
    assert keeper.threshold is None


def test_the_p_value_is_that_of_the_highest_moment_of_the_running_clip():
    keeper = PromiseKeeper(made_calibration())
    p = [keeper.see(i * SECOND // 2, alarm).p_value for i, alarm in enumerate([0.0, 0.2, 0.0])]
    assert p == [1.0, 11 / 20, 11 / 20]
    promise = keeper.see(2 * SECOND, 0.0)  # the next clip
    assert (promise.p_value, promise.state, promise.alpha) == (1.0, "holds", 0.05)
    assert promise.calibration_id == made_calibration().id


@pytest.mark.claim("withdrawn")
def test_a_drive_unlike_the_calibration_withdraws_the_promise_for_good():
    keeper = PromiseKeeper(made_calibration())
    states = [keeper.see(i * 2 * SECOND // 3, 3.0).state for i in range(180)]
    assert states[0] == "holds"
    assert states[-1] == "withdrawn"
    keeper.break_off()
    promise = keeper.see(0, 0.0)
    assert promise.state == "withdrawn"
    assert "calibrate again" in promise.text
    assert PromiseKeeper(made_calibration()).see(0, 0.0).state == "holds"


@pytest.mark.claim("withdrawn")
def test_a_calibration_of_other_weights_is_void_and_moves_no_threshold():
    calibration = made_calibration()
    differences = calibration.differences({"vae_edge": "cd" * 32}, calibration.parameters)
    keeper = PromiseKeeper(calibration, "", differences)
    promise = keeper.see(0, 0.9)
    assert (promise.state, promise.p_value, keeper.threshold) == ("void", None, None)
    assert "weights vae_edge are cdcdcdcd, not abababab" in promise.text


def test_so_is_one_of_other_settings_but_not_of_other_thresholds():
    calibration = made_calibration()
    now = calibration.parameters | {"lost_weight": 0.2}
    assert calibration.differences(MODELS, now) == ["safety.lost_weight is 0.2, not 0.15"]
    assert calibration.differences({**MODELS, "more": "ef"}, calibration.parameters) == [
        "weights more are new"
    ]
    assert not {"elevated", "high", "release", "calibration"} & calibration.parameters.keys()


def test_a_condition_with_few_clips_is_told_in_the_promise():
    text = PromiseKeeper(made_calibration(), "rain").see(0, 0.0).text
    assert "0 clips of rain are too few for 0.05: all 19 count" in text


def test_the_id_follows_from_the_content_not_from_when_it_was_made():
    one = made_calibration()
    assert made_calibration(created_at="2027-01-01T00:00:00+00:00").id == one.id
    other = (*one.clips[:-1], Clip("clip 0.38", "day", "0.38", 0.39))
    assert made_calibration(clips=other).id != one.id


@pytest.mark.parametrize("clip_s", [0.0, -1.0, math.nan, 3601.0])
def test_a_clip_length_that_is_none_is_refused(clip_s):
    with pytest.raises(BadInput, match="clip length"):
        made_calibration(clip_s=clip_s)


# The level ---------------------------------------------------------------------------------------

CONFIG = SafetyConfig(elevated=0.3, high=0.6, release=0.05, hold_s=0.5)


def settled(flagged_from):
    level = Level(CONFIG, flagged_from)
    for stamp in (0, SECOND):
        level.step(stamp, 0.0, known=True)
    assert level.now == "nominal"
    return level


@pytest.mark.claim("rate")
@pytest.mark.parametrize(
    ("flagged_from", "points", "level"),
    [
        (0.4, 0.399999, "nominal"),
        (0.4, 0.4, "elevated"),
        (0.4, 0.6, "high"),
        (0.05, 0.05, "elevated"),
        (0.8, 0.7, "nominal"),  # high begins no earlier than flags do
        (0.8, 0.8, "high"),
        (1.3, 1.299999, "nominal"),  # beyond what the score can show
        (1.3, 1.3, "high"),
        (None, 0.3, "elevated"),
    ],
)
def test_a_scene_is_flagged_from_the_calibrated_threshold_on(flagged_from, points, level):
    assert settled(flagged_from).step(2 * SECOND, points, known=True) == level


def test_a_tiny_threshold_is_left_again_when_nothing_speaks_against_calm():
    level = settled(0.05)
    level.step(2 * SECOND, 0.06, known=True)
    level.step(3 * SECOND, 0.0, known=True)
    assert level.step(4 * SECOND, 0.0, known=True) == "nominal"


def test_the_watch_flags_by_the_calibration_and_says_what_the_flag_is_worth():
    config = SafetyConfig()
    keeper = PromiseKeeper(made_calibration(alpha=0.5))  # flags from 0.200001 points on
    watch, plain = Watch(config, keeper), Watch(config)
    for stamp in (0, SECOND // 2, SECOND):
        watch.assess(calm(stamp), stamp)
        plain.assess(calm(stamp), stamp)
    world = calm(2 * SECOND).world
    scene = calm(2 * SECOND)
    object.__setattr__(scene, "world", type(world)(**{**vars(world), "error_p": 0.003}))
    risk, usual = watch.assess(scene, 2 * SECOND), plain.assess(scene, 2 * SECOND)
    assert 0.200001 <= risk.points < config.elevated
    assert (risk.level, usual.level) == ("elevated", "nominal")
    assert (risk.score, risk.reasons) == (usual.score, usual.reasons)
    assert risk.promise.p_value == pytest.approx(0.4)  # 7 of 19 clips go as high
    assert (risk.promise.state, usual.promise.state) == ("holds", "none")
