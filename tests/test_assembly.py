"""From parts that arrive one by one to one scene for every image."""

import pytest

from road_clarity.nodes.assembly import SceneAssembly
from road_clarity.safety.scene import Fault, Lanes, Tracks

SIZE = (1280, 720)
PATIENCE_S = 0.15


class Part:
    """Only its stamp matters here."""

    def __init__(self, stamp_ns):
        self.stamp_ns = stamp_ns


@pytest.fixture
def assembly():
    return SceneAssembly(PATIENCE_S)


def see_all_parts(assembly, stamp_ns, names=("lanes", "segmentation", "tracks", "world")):
    for name in names:
        assembly.see_part(name, Part(stamp_ns))


def test_an_image_is_judged_as_soon_as_all_its_parts_are_there(assembly):
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    see_all_parts(assembly, 100, ("lanes", "segmentation", "tracks"))
    assert assembly.ready(now_s=0.01) == []
    see_all_parts(assembly, 100, ("world",))
    (scene,) = assembly.ready(now_s=0.02)
    assert (scene.stamp_ns, scene.world.stamp_ns) == (100, 100)


def test_an_image_out_of_patience_is_judged_with_the_newest_older_parts(assembly):
    assembly.see_part("lanes", Lanes(100, ()))
    assembly.see_part("lanes", Lanes(200, ()))
    assembly.see_image(3, 300, SIZE, (), now_s=0.0)
    (scene,) = assembly.ready(now_s=PATIENCE_S)
    assert (scene.lanes.stamp_ns, scene.tracks) == (200, None)


def test_no_image_is_judged_with_what_was_seen_after_it(assembly):
    assembly.see_image(1, 100, SIZE, (), now_s=0.0)
    assembly.see_image(2, 200, SIZE, (), now_s=0.1)
    assembly.see_part("tracks", Tracks(200, ()))
    first = assembly.ready(now_s=PATIENCE_S)[0]
    assert (first.stamp_ns, first.tracks) == (100, None)


def test_risks_come_in_the_order_of_the_images(assembly):
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    assembly.see_image(1, 200, SIZE, (), now_s=0.03)
    see_all_parts(assembly, 200)
    assert [scene.stamp_ns for scene in assembly.ready(now_s=0.04)] == [100, 200]


def test_an_image_is_judged_once(assembly):
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    assert len(assembly.ready(now_s=1.0)) == 1
    see_all_parts(assembly, 100)
    assert assembly.ready(now_s=2.0) == []


def test_a_part_that_overtakes_its_image_counts(assembly):
    see_all_parts(assembly, 100)
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    assert len(assembly.ready(now_s=0.0)) == 1


def test_a_network_that_failed_is_not_waited_for_and_its_older_part_is_not_used(assembly):
    assembly.see_part("lanes", Lanes(50, ()))
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    see_all_parts(assembly, 100, ("segmentation", "tracks", "world"))
    assembly.see_fault(100, Fault("lanes.failed", "lanes failed: nan"))
    (scene,) = assembly.ready(now_s=0.01)
    assert (scene.lanes, [fault.code for fault in scene.faults]) == (None, ["lanes.failed"])


def test_what_the_gate_found_stays_with_the_image(assembly):
    assembly.see_image(0, 100, SIZE, (Fault("input.blank", "blank"),), now_s=0.0)
    assert assembly.ready(now_s=1.0)[0].faults == (Fault("input.blank", "blank"),)


def test_after_a_jump_in_time_nothing_old_is_used(assembly):
    assembly.see_part("lanes", Lanes(900, ()))
    assembly.forget()
    assembly.see_image(0, 1000, SIZE, (), now_s=0.0)
    assert assembly.ready(now_s=1.0)[0].lanes is None


def test_an_image_that_gave_way_is_judged_when_the_next_round_begins(assembly):
    assembly.see_part("lanes", Lanes(100, ()))
    assembly.see_image(1, 200, SIZE, (), now_s=0.0)
    assembly.see_image(2, 300, SIZE, (), now_s=0.03)
    assembly.see_round(300, ["lanes", "tracks"])
    (scene,) = assembly.ready(now_s=0.04)
    assert (scene.stamp_ns, scene.lanes.stamp_ns) == (200, 100)


def test_only_the_networks_of_the_round_are_waited_for(assembly):
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    assembly.see_round(100, ["tracks", "lanes"])
    see_all_parts(assembly, 100, ("tracks",))
    assert assembly.ready(now_s=0.01) == []
    see_all_parts(assembly, 100, ("lanes",))
    assert len(assembly.ready(now_s=0.02)) == 1


def test_the_scorers_of_unknown_scenes_are_waited_for_where_the_round_has_them(assembly):
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    assembly.see_round(100, ["lanes", "segmentation", "tracks", "world", "unknown"])
    see_all_parts(assembly, 100)
    assert assembly.ready(now_s=0.01) == []
    assembly.see_part("unknown", Part(100))
    assert assembly.ready(now_s=0.02)[0].unknown.stamp_ns == 100


def test_a_round_that_overtakes_its_image_counts(assembly):
    assembly.see_round(200, ["tracks"])
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    assembly.see_image(1, 200, SIZE, (), now_s=0.01)
    assert [scene.stamp_ns for scene in assembly.ready(now_s=0.01)] == [100]
    see_all_parts(assembly, 200, ("tracks",))
    assert [scene.stamp_ns for scene in assembly.ready(now_s=0.02)] == [200]


@pytest.mark.claim("failure")
def test_a_failure_told_too_late_for_its_image_counts_until_the_stage_answers(assembly):
    fault = Fault("world.failed", "it failed")
    assembly.see_image(0, 100, SIZE, (), now_s=0.0)
    assert [scene.faults for scene in assembly.ready(now_s=0.2)] == [()]
    assembly.see_fault(100, fault)
    assembly.see_image(1, 200, SIZE, (), now_s=0.2)
    (scene,) = assembly.ready(now_s=0.4)
    assert (scene.faults, scene.world) == ((fault,), None)
    see_all_parts(assembly, 200)
    assembly.see_image(2, 300, SIZE, (), now_s=0.4)
    (scene,) = assembly.ready(now_s=0.6)
    assert (scene.faults, scene.world.stamp_ns) == ((), 200)
