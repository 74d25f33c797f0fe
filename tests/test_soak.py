"""A good half minute of the soak, with faults that take real processes; and its parts."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

from road_clarity.models.errors import BadInput
from road_clarity.nodes.soak.faults import CALM_END, KINDS, chosen, planned
from road_clarity.nodes.soak.fleet import Memory
from road_clarity.nodes.soak.listener import Said
from road_clarity.nodes.soak.memory import growth
from road_clarity.nodes.soak.stretches import lost_stretches, stretches
from road_clarity.nodes.soak.verdict import stood_still

pytestmark = [pytest.mark.ros, pytest.mark.timeout(400)]

SECOND = 1_000_000_000  # [ns]
HALF_A_MINUTE = ("safety is killed", "subscriber stands still", "camera goes blank")


@pytest.fixture(scope="module")
def soak(tmp_path_factory):
    """Verdict of half a minute."""
    folder = tmp_path_factory.mktemp("soak")
    words = ("--minutes", "0.6", "--seed", "1", "--preset", "tiny", "--rate", "10",
             "--domain", str(40 + os.getpid() % 60), "--folder", folder,
             "--json", folder / "soak.json", "--faults", *HALF_A_MINUTE)  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "road_clarity.nodes.soak", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=350,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return json.loads((folder / "soak.json").read_text())["promises"]


def rows(soak, name):
    faults = soak["faults are told and end in time"]["faults"]
    return [row for row in faults if row["fault"] == name]


def test_no_process_ends_but_those_that_were_killed(soak):
    assert soak["no unplanned crash"] == {"broken": [], "restarts": {"safety_node": 1}}


@pytest.mark.claim("kept")
def test_every_flagged_stretch_has_its_evidence(soak):
    told = soak["no event is lost"]
    assert told["broken"] == [] and told["events"] > 0


@pytest.mark.claim("restart")
@pytest.mark.fault(
    "safety process is killed (kill -9)",
    state="silence: DDS tells every subscriber that asked for the deadline; perception says so on "
    "/diagnostics; then unknown until images are judged",
    within="0.5 s (deadline), 1 s (`watchdog.silent_s`)",
    back="0.5 s to 10 s pause of `road-clarity up`, 1 s of launch, and 2 s to start",
)  # fmt: skip
def test_a_safety_process_that_is_killed_comes_back(soak):
    (row,) = rows(soak, "safety is killed")
    assert row["back_after_s"] is not None
    assert len(soak["the risk is never silent for over 0.5 s"]["silence while safety restarts [s]"])


@pytest.mark.claim("aside", "silence")
@pytest.mark.fault(
    "a subscriber is slow, never reads, or is stopped",
    state="nothing changes for anybody else, but see the soak; the subscriber misses what it "
    "does not read",
    within="at once", back="no interruption",
)  # fmt: skip
def test_a_subscriber_that_stands_still_holds_up_nobody(soak):
    assert len(rows(soak, "subscriber stands still")) >= 1
    assert soak["the risk is never silent for over 0.5 s"]["broken"] == []


# Its parts -------------------------------------------------------------------------------------


def test_every_fault_comes_once_before_any_comes_again():
    plan = planned(KINDS, 0, 1200.0)
    assert {one.kind.name for one in plan[: len(KINDS)]} == {kind.name for kind in KINDS}
    assert plan == planned(KINDS, 0, 1200.0) != planned(KINDS, 1, 1200.0)


def test_no_process_is_restarted_in_the_end_so_that_memory_can_be_compared():
    late = [one for one in planned(KINDS, 0, 900.0) if one.at_s > 900.0 * (1 - CALM_END)]
    assert late and not any(one.kind.restarts for one in late)


def test_a_fault_that_there_is_not_is_named():
    with pytest.raises(BadInput, match="use some of: camera stops"):
        chosen(["camera explodes"])


def life(pid, sizes, name="safety_node"):
    """Memory of a process, once a second."""
    return [Memory(float(pid + i), name, pid, size) for i, size in enumerate(sizes)]


def test_growth_is_that_of_the_end_over_that_of_three_minutes_after_the_start():
    (grown,) = growth(life(7, [50.0] * 180 + [100.0] * 80 + [103.0] * 60))
    assert (grown.warm_mb, grown.last_mb, grown.grew) == (100.0, 103.0, True)
    assert grown.share == pytest.approx(0.03)


def test_a_life_that_was_too_short_is_not_judged():
    first, second = growth(life(7, [100.0] * 30) + life(300, [100.0] * 300))
    assert (first.share, first.grew, second.share) == (None, False, 0.0)


def said(at_s, stamp_s, level="high", codes=()):
    stamp_ns = round(stamp_s * SECOND)
    return Said(at_s, at_s, stamp_ns, level, frozenset(codes), level != "nominal")


def test_flagged_images_within_a_second_are_one_stretch():
    risks = [said(t, t) for t in (0.0, 0.5, 1.4, 3.0)]
    sent = {one.stamp_ns: 0.0 for one in risks}
    assert [(one.first_ns, one.last_ns) for one in stretches(risks, sent)] == [
        (0, 1_400_000_000), (3_000_000_000, 3_000_000_000),
    ]  # fmt: skip


def test_of_an_image_that_nobody_could_read_there_is_no_evidence():
    assert stretches([said(0.0, 0.0)], sent={}) == []


def test_a_stretch_that_no_event_touches_is_lost():
    risks = [said(t, t) for t in (0.0, 3.0)]
    found = stretches(risks, {one.stamp_ns: 0.0 for one in risks})
    assert lost_stretches(found, [(0, SECOND)]) == [found[1]]


def test_a_stretch_during_which_the_process_died_could_not_be_stored():
    (one,) = stretches([said(10.0, 10.0)], {10 * SECOND: 0.0})
    assert one.was_cut_by(12.0) and not one.was_cut_by(20.0) and not one.was_cut_by(5.0)


def test_the_machine_stood_still_for_as_long_as_the_camera_did_within_the_silence():
    assert stood_still([(1.0, 1.5), (2.0, 4.0), (9.0, 9.5)], 1.2, 3.0) == pytest.approx(1.3)
