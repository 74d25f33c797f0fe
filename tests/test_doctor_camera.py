"""The doctor looks at a real publisher over DDS."""

import os
import threading

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile
from road_clarity_msgs.msg import Risk
from sensor_msgs.msg import CameraInfo, Image

from road_clarity.nodes import camera_look, safety
from road_clarity.nodes.conversions import header_at
from road_clarity.nodes.doctor import Question
from road_clarity.nodes.doctor_camera import judge_listeners, look
from road_clarity.nodes.intake import KINDS
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.qos import RISK

pytestmark = pytest.mark.ros


@pytest.fixture
def node(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    one = rclpy.create_node("doctor")
    yield one
    one.destroy_node()
    rclpy.try_shutdown()


def test_the_doctor_judges_by_what_the_nodes_go_by():
    assert tuple(KINDS) == camera_look.IMAGE_TYPES
    assert safety.EARLY_S == camera_look.EARLY_S


def drive(node, stop):
    """A driver: twenty images a second with their calibration."""
    images = node.create_publisher(Image, "/front/image_raw", 5)
    infos = node.create_publisher(CameraInfo, "/front/camera_info", 5)
    while not stop.wait(0.05):
        header = header_at(node.get_clock().now().nanoseconds, "front")
        images.publish(to_image(np.zeros((4, 6, 3), np.uint8), "rgb8", header))
        infos.publish(CameraInfo(header=header, width=6, height=4))


def test_a_driver_is_seen_as_it_is(node):
    driver, stop = rclpy.create_node("driver"), threading.Event()
    thread = threading.Thread(target=drive, args=(driver, stop))
    thread.start()
    try:
        seen = look(node, Question(image_topic="/front/image_raw", seconds=0.5))
    finally:
        stop.set()
        thread.join()
        driver.destroy_node()
    assert seen.types == {"sensor_msgs/msg/Image"} and seen.publishers == ["/driver"]
    assert seen.image_topics == ["/front/image_raw"] and not seen.has_clock
    assert len(seen.stamps) >= 3 and seen.info_stamps & set(seen.stamps)
    assert 0 <= seen.now_ns - seen.stamps[-1] < 1e9


def listeners(node, **wishes):
    safety = rclpy.create_node("safety")
    try:
        safety.create_publisher(Risk, "/safety/out/risk", RISK)
        safety.create_subscription(Risk, "/safety/out/risk", print, QoSProfile(depth=1, **wishes))
        return judge_listeners(node, "")
    finally:
        safety.destroy_node()


def test_who_wants_a_risk_of_the_past_would_hear_nothing(node):
    found = listeners(node, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    assert found.state == "fail" and "/safety on /safety/out/risk" in found.text


def test_who_wants_a_risk_every_tenth_of_a_second_would_hear_nothing(node):
    assert listeners(node, deadline=Duration(seconds=0.1)).state == "fail"


def test_who_wants_a_risk_within_a_second_is_fine(node):
    assert listeners(node, deadline=Duration(seconds=1.0)).text == (
        "1 subscriptions match what we offer"
    )
