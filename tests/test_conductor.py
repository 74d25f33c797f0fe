"""The networks of the process, conducted: rounds, turns under load, and word of both."""

import os

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from rclpy.lifecycle import LifecycleNode

from road_clarity.nodes.conductor import Conductor
from road_clarity.nodes.stage_node import Sight
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.ladder import LadderConfig, Rung

pytestmark = pytest.mark.ros


class Network:
    """Takes what it is offered; answers when the test says so."""

    def __init__(self, part):
        self.part, self.is_ready, self.listeners, self.seen = part, True, [], []

    def offer(self, sight):
        if self.is_ready:
            self.seen.append(sight)
        return self.is_ready

    def answer(self):
        for hear in self.listeners:
            hear(self.seen[-1], object())


class Drive:
    def __init__(self, **ladder):
        self.node = LifecycleNode("perception")
        self.conductor = Conductor(self.node)
        parts = ("lanes", "segmentation", "tracks", "world")
        self.networks = {part: Network(part) for part in parts}
        self.unknown = Network("unknown")
        self.announced = []
        self.conductor._announced.publish = self.announced.append
        self.conductor.lead(list(self.networks.values()), [self.unknown])
        self.conductor.open(LadderConfig(**ladder))

    def show(self, index, late_s=0.0):
        now_ns = self.node.get_clock().now().nanoseconds
        image = np.zeros((4, 4, 3), np.uint8)
        self.conductor.offer(Sight(Frame(index, now_ns - round(late_s * 1e9), image), 0))

    def answer(self):
        for network in self.networks.values():
            if network.seen:
                network.answer()
        self.unknown.answer()

    def parts(self):
        return [list(round_.parts) for round_ in self.announced]


@pytest.fixture
def ros(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    yield
    rclpy.try_shutdown()


def test_a_round_is_announced_with_who_is_going_to_answer(ros):
    drive = Drive()
    drive.networks["world"].is_ready = False
    drive.show(0)
    assert drive.parts() == [["lanes", "segmentation", "tracks", "unknown"]]
    assert drive.announced[0].rung == Rung.FULL


def test_the_scorers_of_unknown_scenes_look_when_the_networks_are_through(ros):
    drive = Drive()
    drive.show(0)
    assert drive.unknown.seen == []
    for network in drive.networks.values():
        network.answer()
    assert [sight.frame.index for sight in drive.unknown.seen] == [0]


def test_images_that_come_during_a_round_give_way_to_the_newest(ros):
    drive = Drive()
    for index in range(4):
        drive.show(index)
    drive.answer()
    assert [sight.frame.index for sight in drive.networks["lanes"].seen] == [0, 3]
    assert drive.conductor.values()["images without a round"] == "2"


def test_at_a_reduced_rate_tracks_are_in_every_round_and_the_rest_by_turns(ros):
    drive = Drive(rung="reduced_rate")
    for index in range(3):
        drive.show(index)
        drive.answer()
    assert [sorted(parts) for parts in drive.parts()] == [
        ["segmentation", "tracks", "unknown", "world"],
        ["lanes", "tracks", "unknown"],
        ["segmentation", "tracks", "unknown", "world"],
    ]


def test_late_images_cost_first_the_explanations_and_then_the_rate(ros):
    drive, told = Drive(), []
    drive.conductor.hearers.append(told.append)
    for index in range(10):
        drive.show(index, late_s=0.3)
        drive.answer()
    assert told == [Rung.NO_EXPLANATION, Rung.REDUCED_RATE]
    assert drive.conductor.values()["rung"] == "REDUCED_RATE"
