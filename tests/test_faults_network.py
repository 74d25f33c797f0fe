"""What a network may do, and what the risk says of it: all nodes, with networks that fail."""

import math
import threading
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import torch
from made_road import PARTS, Gate, codes, driving

from road_clarity.pipeline.answers import require_finite
from road_clarity.pipeline.stage_fault import stage_fault
from road_clarity.safety.scene import Lane, Track

pytestmark = pytest.mark.ros

GPU = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 4.00 GiB"
NODES = {"lanes": "lane", "segmentation": "segmentation", "tracks": "tracker",
         "world": "world_model"}  # fmt: skip


@pytest.fixture
def road(monkeypatch):
    with driving(monkeypatch, [("all", "watchdog.hangs_s", 0.8)]) as one:
        one.until_calm()
        yield one


def raising(error):
    def does(answer):
        raise error

    return does


@pytest.mark.claim("failure")
@pytest.mark.fault(
    "network raises", state="unknown: lanes.failed (of the part that it is)",
    within="the same image", back="its next answer, and 0.5 s",
)  # fmt: skip
@pytest.mark.parametrize("part", PARTS)
def test_a_network_that_raises_is_named_until_it_answers(road, part):
    road.networks[part].does = raising(RuntimeError("the weights are gone"))
    road.until_told(f"{part}.failed")
    road.until_diagnosed(NODES[part], "the weights are gone")
    road.networks[part].does = lambda answer: answer
    road.until_calm()


def test_a_network_that_raises_too_late_for_its_image_is_named_all_the_same(road):
    """An image waits 0.15 s for its parts."""

    def slowly(answer):
        threading.Event().wait(0.3)
        raise RuntimeError("late and wrong")

    road.networks["world"].does = slowly
    road.until_told("world.failed")


NAN = {
    "lanes": lambda one: replace(one, lanes=(Lane(2, ((math.nan, 1.0), (2.0, 3.0)), 0.9),)),
    "tracks": lambda one: replace(one, tracks=(Track(1, "person", (0, 0, 9, math.nan), 0.9, 1),)),
    "world": lambda one: replace(one, error=math.nan),
}


@pytest.mark.claim("nonsense")
@pytest.mark.fault(
    "network says nan, and nobody noticed", state="unknown: lanes.unreadable (of its part)",
    within="the same image", back="its next answer, and 0.5 s",
)  # fmt: skip
@pytest.mark.parametrize("part", NAN)
def test_a_part_with_nan_in_it_is_unreadable(road, part):
    road.networks[part].does = NAN[part]
    road.until_told(f"{part}.unreadable")
    road.networks[part].does = lambda answer: answer
    road.until_calm()


@pytest.mark.claim("nonsense")
@pytest.mark.fault(
    "network's answer is nan, as the stage notices", state="unknown: segmentation.failed",
    within="the same image", back="its next answer, and 0.5 s",
)  # fmt: skip
def test_a_stage_refuses_an_answer_of_nan(road):
    def does(answer):
        require_finite("segmentation", torch.tensor([1.0, math.nan]))

    road.networks["segmentation"].does = does
    road.until_told("segmentation.failed")
    road.networks["segmentation"].does = lambda answer: answer
    road.until_calm()


@pytest.mark.claim("late", "hangs")
@pytest.mark.fault(
    "network hangs for a few seconds", state="unknown: lanes.late, then lanes.hangs",
    within="0.5 s (`safety.max_age_s`), 2 s (`watchdog.hangs_s`)",
    back="its next answer, and 0.5 s",
)  # fmt: skip
@pytest.mark.parametrize("part", ["lanes", "world"])
def test_a_network_that_hangs_is_late_then_named_and_believed_again_afterwards(road, part):
    road.networks[part].does = gate = Gate()
    road.until_told(f"{part}.late")
    road.until_told(f"{part}.hangs")
    road.until_diagnosed(NODES[part], "hangs for")
    gate.open.set()
    road.until_calm()
    assert f"{part}.hangs" not in codes(road.risks[-1])


@pytest.mark.claim("hangs")
@pytest.mark.fault("network hangs for a few seconds")
def test_the_other_networks_go_on_meanwhile(road):
    road.networks["lanes"].does = gate = Gate()
    road.until_told("lanes.hangs")
    heard = {one.key: one.value for one in road.told["safety"][-1].values}
    assert heard["tracks heard"] < heard["lanes heard"]  # '0.1 s ago' < '2.1 s ago'
    told = codes(road.risks[-1])
    assert not [code for code in told if code.startswith(("tracks", "world", "segmentation"))]
    gate.open.set()


@pytest.mark.claim("hangs")
def test_a_network_that_hangs_without_images_is_told_by_the_diagnostics(road):
    road.networks["tracks"].does = gate = Gate()
    road.until_told("tracks.hangs")
    road.show = None
    road.until_diagnosed("tracker", "hangs for")
    gate.open.set()


@pytest.mark.claim("failure")
@pytest.mark.fault(
    "the accelerator's memory runs out, once or for good",
    state="unknown: tracks.memory; what is cached is freed, and every image is tried again",
    within="the same image", back="its next answer, and 0.5 s",
)  # fmt: skip
@pytest.mark.parametrize("error", [torch.OutOfMemoryError(GPU), MemoryError("numpy")])
def test_a_network_without_memory_says_so_and_tries_again(road, error):
    road.networks["tracks"].does = raising(error)
    road.until_told("tracks.memory")
    road.until_diagnosed("tracker", "no memory for tracks")
    road.networks["tracks"].does = lambda answer: answer
    road.until_calm()


def test_what_is_cached_is_freed_where_there_is_an_accelerator(monkeypatch):
    freed = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(True))
    fault = stage_fault("lanes", torch.OutOfMemoryError(GPU))
    assert (fault.code, freed) == ("lanes.memory", [True])
    assert fault.text == "no memory for lanes: CUDA out of memory"


def test_the_tensors_there_was_no_room_beside_are_let_go():
    held = []

    def run():
        half = np.zeros(1000)
        held.append(half.__array_interface__)
        raise torch.OutOfMemoryError(GPU)

    try:
        run()
    except torch.OutOfMemoryError as error:
        stage_fault("lanes", error)
        assert error.__traceback__ is None


def test_the_allocator_of_the_processor_has_no_exception_of_its_own():
    text = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 GiB"
    assert stage_fault("world", RuntimeError(text)).code == "world.memory"
    assert stage_fault("world", RuntimeError("shapes do not fit")).code == "world.failed"
