"""Missing, late or unreadable parts make the risk unknown; a whole calm scene is nominal."""

import math
from dataclasses import replace

import numpy as np
import pytest

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import (
    CLASSES,
    Fault,
    Lane,
    Lanes,
    Scene,
    Segmentation,
    Track,
    Tracks,
    Unknown,
    World,
)  # fmt: skip
from road_clarity.safety.unknown_scene import SAYS
from road_clarity.safety.watch import Watch

SECOND = 1_000_000_000  # [ns]
ROAD = CLASSES.index("Road")


def calm(stamp_ns: int) -> Scene:
    """A straight empty road that the world model knows well."""
    lines = tuple(
        Lane(i, ((x, 100.0), (50 + (x - 50) / 2, 75.0), (50.0, 50.0)), 0.9)
        for i, x in ((2, 0.0), (3, 100.0))
    )
    picture = np.zeros((64, 64, 3), np.uint8)
    world = World(
        stamp_ns=stamp_ns, error=0.01, error_p=0.5, error_map=np.zeros((64, 64), np.float32),
        surprise=1.0, surprise_p=0.5, horizon_s=1.0, p_value=0.5, calibration_id="c0ffee",
        reconstruction=picture, prediction=None,
    )  # fmt: skip
    return Scene(
        index=0, stamp_ns=stamp_ns, size=(100, 100), lanes=Lanes(stamp_ns, lines),
        segmentation=Segmentation(stamp_ns, np.full((9, 16), ROAD, np.uint8), (100, 100)),
        tracks=Tracks(stamp_ns, ()), world=world, faults=(),
    )  # fmt: skip


def settled() -> Watch:
    """A watch that has seen a calm second."""
    watch = Watch(SafetyConfig())
    for stamp in (0, SECOND // 2, SECOND):
        risk = watch.assess(calm(stamp), stamp)
    assert (risk.level, risk.score, risk.reasons) == ("nominal", 0.0, ())
    return watch


@pytest.mark.claim("missing")
def test_the_first_frame_is_not_yet_known_to_be_calm():
    risk = Watch(SafetyConfig()).assess(calm(0), 0)
    assert (risk.level, risk.score) == ("unknown", 1.0)
    assert [reason.code for reason in risk.reasons] == ["watch.settling"]


@pytest.mark.claim("missing")
@pytest.mark.parametrize("part", ["lanes", "segmentation", "tracks", "world"])
def test_a_missing_part_makes_the_risk_unknown(part):
    risk = settled().assess(replace(calm(2 * SECOND), **{part: None}), 2 * SECOND)
    assert (risk.level, risk.score) == ("unknown", 1.0)
    assert [r.code for r in risk.reasons] == [f"{part}.missing"]


@pytest.mark.claim("late")
@pytest.mark.parametrize("part", ["lanes", "segmentation", "tracks", "world"])
def test_a_late_part_makes_the_risk_unknown(part):
    scene = calm(2 * SECOND)
    late = replace(getattr(scene, part), stamp_ns=SECOND)
    risk = settled().assess(replace(scene, **{part: late}), 2 * SECOND)
    assert (risk.level, risk.reasons[0].code) == ("unknown", f"{part}.late")


@pytest.mark.claim("nonsense")
@pytest.mark.parametrize("field", ["error", "surprise_p"])
def test_a_world_model_that_says_nan_makes_the_risk_unknown(field):
    scene = calm(2 * SECOND)
    risk = settled().assess(
        replace(scene, world=replace(scene.world, **{field: math.nan})), 2 * SECOND
    )
    assert (risk.level, risk.score) == ("unknown", 1.0)


@pytest.mark.claim("nonsense")
@pytest.mark.parametrize("edge", [math.nan, math.inf])
def test_a_track_whose_box_nobody_can_read_makes_the_risk_unknown(edge):
    track = Track(1, "person", (40.0, 50.0, 60.0, edge), 0.9, 5)
    scene = replace(calm(2 * SECOND), tracks=Tracks(2 * SECOND, (track,)))
    risk = settled().assess(scene, 2 * SECOND)
    assert (risk.level, [r.code for r in risk.reasons]) == ("unknown", ["tracks.unreadable"])


@pytest.mark.claim("nonsense")
def test_an_answer_about_unknown_scenes_without_all_scorers_makes_the_risk_unknown():
    half = Unknown(2 * SECOND, 1.0, 0.5, {"energy": 0.5}, "c0ffee")
    risk = settled().assess(replace(calm(2 * SECOND), unknown=half), 2 * SECOND)
    assert (risk.level, [r.code for r in risk.reasons]) == ("unknown", ["unknown.unreadable"])


def test_an_old_answer_about_unknown_scenes_makes_the_risk_unknown():
    scorers = dict.fromkeys(SAYS, 0.5)
    old = Unknown(2 * SECOND - 600_000_000, 1.0, 0.5, scorers, "c0ffee")
    risk = settled().assess(replace(calm(2 * SECOND), unknown=old), 2 * SECOND)
    assert (risk.level, [r.code for r in risk.reasons]) == ("unknown", ["unknown.late"])


@pytest.mark.claim("nonsense")
@pytest.mark.parametrize("points", [(), ((50.0, 90.0),), ((50.0, 90.0), (math.nan, 50.0))])
def test_a_lane_line_nobody_can_read_makes_the_risk_unknown(points):
    scene = replace(calm(2 * SECOND), lanes=Lanes(2 * SECOND, (Lane(2, points, 0.9),)))
    risk = settled().assess(scene, 2 * SECOND)
    assert (risk.level, [r.code for r in risk.reasons]) == ("unknown", ["lanes.unreadable"])


@pytest.mark.claim("blind")
def test_a_fault_of_the_camera_is_the_reason_given():
    fault = Fault("input.frozen", "the image has not changed for 0.4 s")
    risk = settled().assess(replace(calm(2 * SECOND), faults=(fault,)), 2 * SECOND)
    assert (risk.level, risk.reasons[0].code, risk.reasons[0].share) == (
        "unknown",
        "input.frozen",
        1.0,
    )


@pytest.mark.claim("failure")
def test_a_failed_stage_is_told_once():
    fault = Fault("lanes.failed", "lanes failed: out of memory")
    risk = settled().assess(replace(calm(2 * SECOND), lanes=None, faults=(fault,)), 2 * SECOND)
    assert [r.code for r in risk.reasons] == ["lanes.failed"]


@pytest.mark.claim("strange")
def test_a_scene_stranger_than_any_calm_one_is_elevated_and_says_where():
    scene = calm(2 * SECOND)
    error_map = np.zeros((64, 64), np.float32)
    error_map[32:48, 16:32] = 1.0
    world = replace(scene.world, error_p=0.0005, error_map=error_map)
    risk = settled().assess(replace(scene, world=world), 2 * SECOND)
    (reason,) = risk.reasons
    assert (risk.level, reason.code, reason.share) == ("elevated", "anomaly.reconstruction", 0.4)
    x0, y0, x1, y1 = reason.region
    assert x0 <= 37.5 <= x1 and y0 <= 62.5 <= y1


def test_the_lane_is_lost_after_a_second_without_lines():
    watch, blind = settled(), lambda t: replace(calm(t), lanes=Lanes(t, ()))
    codes = [
        [r.code for r in watch.assess(blind(t), t).reasons] for t in (2 * SECOND, 2 * SECOND + 1)
    ]
    assert codes == [[], ["lane.lost"]]


@pytest.mark.claim("additive")
def test_the_shares_of_all_reasons_add_up_to_the_score():
    scene = replace(calm(2 * SECOND), lanes=Lanes(2 * SECOND, ()))
    world = replace(scene.world, error_p=0.004, surprise_p=0.01)
    risk = settled().assess(replace(scene, world=world), 2 * SECOND)
    assert risk.score == pytest.approx(sum(r.share for r in risk.reasons))
    assert 0 < risk.score < 1
