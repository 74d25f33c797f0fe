"""A network as a node, with a network that does as the test says."""

import os
import threading
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy

from road_clarity.nodes.health import Severity
from road_clarity.nodes.lane import LaneNode
from road_clarity.nodes.stage_node import Sight
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import Lanes

pytestmark = pytest.mark.ros


class Network:
    """In place of the lane network."""

    networks = ()

    def __init__(self):
        self.seen, self.resets = [], 0
        self.error = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def reset(self):
        self.resets += 1

    def run(self, frame):
        self.seen.append(frame.index)
        self.may_go_on.wait(5.0)
        if self.error:
            raise self.error
        return Lanes(frame.stamp_ns, ())


class Setup:
    def __init__(self):
        self.network, self.results = Network(), []
        self.node = LaneNode()
        self.node.make_stage = lambda settings, device: self.network
        self.node.listeners.append(lambda sight, part: self.results.append(part))
        self.node.start()

    def show(self, index, stream=0):
        image = np.zeros((4, 4, 3), np.uint8)
        self.node.offer(Sight(Frame(index, 1000 * (index + 1), image), stream))

    def wait_for(self, count):
        until = time.monotonic() + 5.0
        while len(self.results) < count and time.monotonic() < until:
            time.sleep(0.005)
        assert len(self.results) >= count


@pytest.fixture
def setup(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    one = Setup()
    yield one
    one.network.may_go_on.set()
    one.node.stop()
    one.node.destroy_node()
    rclpy.try_shutdown()


def test_a_frame_becomes_lanes(setup):
    setup.show(0)
    setup.wait_for(1)
    assert setup.results == [Lanes(1000, ())]


def test_a_slow_network_sees_the_newest_frame_and_the_skipped_ones_are_counted(setup):
    setup.network.may_go_on.clear()
    setup.show(0)
    while not setup.network.seen:
        time.sleep(0.005)
    for index in (1, 2, 3):
        setup.show(index)
    setup.network.may_go_on.set()
    setup.wait_for(2)
    assert setup.network.seen == [0, 3]
    assert setup.node.values()["skipped images"] == "2"


@pytest.mark.claim("aside")
def test_offering_a_frame_never_waits_for_the_network(setup):
    setup.network.may_go_on.clear()
    started = time.monotonic()
    for index in range(100):
        setup.show(index)
    assert time.monotonic() - started < 0.5


@pytest.mark.claim("failure")
def test_a_network_that_fails_is_an_error_and_goes_on_with_the_next_frame(setup):
    setup.network.error = RuntimeError("out of memory")
    setup.show(0)
    setup.wait_for(1)
    assert setup.results == [None]
    assert setup.node.condition().severity == Severity.ERROR
    setup.network.error = None
    setup.show(1)
    setup.wait_for(2)
    assert setup.results[1] == Lanes(2000, ())


@pytest.mark.claim("jump")
def test_a_new_stream_makes_the_network_forget(setup):
    setup.show(0, stream=0)
    setup.wait_for(1)
    setup.show(1, stream=1)
    setup.wait_for(2)
    assert setup.network.resets == 1


def test_a_node_that_is_not_active_looks_at_nothing(setup):
    setup.node.trigger_deactivate()
    setup.show(0)
    time.sleep(0.05)
    assert setup.network.seen == []
