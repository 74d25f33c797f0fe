"""The perception node stores evidence when it is told where, and counts it in the diagnostics."""

import os
import time
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from made_drive import made_risk, made_scene
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from road_clarity_msgs.msg import Risk
from sensor_msgs.msg import Image

from road_clarity.nodes.conversions import header_at, risk_to_message
from road_clarity.nodes.intake import PerceptionNode
from road_clarity.nodes.perception import origin_of
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.qos import RISK
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.events import read_events
from road_clarity.pipeline.lanes import LaneConfig
from road_clarity.safety.ladder import Rung

pytestmark = pytest.mark.ros

NOISE = np.random.default_rng(0).integers(0, 255, (72, 128, 3), np.uint8)
STAMP_NS = 7_000_000_000


@pytest.fixture
def node(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    perception = PerceptionNode()
    perception.set_parameters([Parameter("evidence.folder", value=str(tmp_path / "kept"))])
    perception.start()
    yield perception
    perception.stop()
    perception.destroy_node()
    rclpy.try_shutdown()


def test_the_provenance_on_the_road_names_what_runs_in_the_networks():
    card = SimpleNamespace(name="scnn_edge", sha256="ab")
    running = SimpleNamespace(card=card, runtime=Runtime("torch", "2.13.0", "fp32", "cpu"))
    lanes = SimpleNamespace(part="lanes", built=LaneConfig(), networks=(running,))
    waiting = SimpleNamespace(part="world", built=None, networks=())
    origin = origin_of([lanes, waiting])
    assert origin.models == {"scnn_edge": "ab"}
    assert origin.parameters == {"lanes": asdict(LaneConfig())}
    assert origin.runtimes["scnn_edge"]["precision"] == "fp32"


def test_an_image_that_is_judged_high_becomes_an_event(node, tmp_path):
    other, executor = rclpy.create_node("others"), SingleThreadedExecutor()
    images = other.create_publisher(Image, "/perception/in/image", 5)
    risks = other.create_publisher(Risk, "/perception/in/risk", RISK)
    for one in (node, other):
        executor.add_node(one)

    def wait(condition, limit_s=10.0):
        until = time.monotonic() + limit_s
        while not condition() and time.monotonic() < until:
            executor.spin_once(timeout_sec=0.05)
        assert condition()

    sights = []
    node.listeners.append(sights.append)
    wait(lambda: images.get_subscription_count() > 0 and risks.get_subscription_count() >= 2)
    header = header_at(STAMP_NS, "camera")
    images.publish(to_image(NOISE, "rgb8", header))
    wait(lambda: sights)
    risk, scene = made_risk(STAMP_NS, "high"), made_scene(0, STAMP_NS, (128, 72))
    risks.publish(risk_to_message(risk, scene, STAMP_NS, header, Rung.FULL))
    wait(lambda: not node.evidence._frames)  # its verdict has come
    other.destroy_node()
    node.stop()
    (event,) = read_events(tmp_path / "kept")
    assert (event.peak_ns, event.level, event.source) == (STAMP_NS, "high", "/perception/in/image")
    assert node.evidence.stored == 1
