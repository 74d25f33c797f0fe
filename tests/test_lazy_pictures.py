"""Pictures for people cost nothing while nobody looks."""

import os
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from made_drive import made_risk, made_scene
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage, Image
from visualization_msgs.msg import ImageMarker

from road_clarity.nodes import lane, overlay, segmentation, tracker, world_model
from road_clarity.nodes.conversions import header_at
from road_clarity.nodes.overlay import Overlay
from road_clarity.nodes.qos import PICTURE
from road_clarity.pipeline.frame import Frame

pytestmark = pytest.mark.ros

SCENE, HEADER = made_scene(0, 0, (64, 48)), header_at(0, "front")


@pytest.fixture
def viewer(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    one = rclpy.create_node("viewer")
    yield one
    one.destroy_node()
    rclpy.try_shutdown()


def until(condition, viewer):
    executor, limit = SingleThreadedExecutor(), time.monotonic() + 5.0
    executor.add_node(viewer)
    while not condition() and time.monotonic() < limit:
        executor.spin_once(timeout_sec=0.02)
    executor.remove_node(viewer)
    assert condition()


NETWORKS = {
    "lane markers": (
        lane, lane.LaneNode, "lanes_marker", "lanes", "/lane/out/markers", ImageMarker,
    ),
    "track markers": (
        tracker, tracker.TrackerNode, "tracks_marker", "tracks",
        "/tracker/out/markers", ImageMarker,
    ),
    "colours": (
        segmentation, segmentation.SegmentationNode, "to_image", "segmentation",
        "/segmentation/out/colours", Image,
    ),
    "error map": (
        world_model, world_model.WorldModelNode, "to_image", "world",
        "/world_model/out/error_map", Image,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORKS.values(), ids=NETWORKS)
def test_a_network_makes_pictures_only_for_a_viewer(viewer, monkeypatch, case):
    module, kind, maker, part, topic, message = case
    made, really = [], getattr(module, maker)
    monkeypatch.setattr(module, maker, lambda *given: made.append(1) or really(*given))
    node = kind()
    try:
        node.publish(getattr(SCENE, part), HEADER)
        assert made == []
        viewer.create_subscription(message, topic, print, PICTURE)
        until(lambda: node.count_subscribers(topic) == 1, viewer)
        until(lambda: node.publish(getattr(SCENE, part), HEADER) or made, viewer)
    finally:
        node.stop()
        node.destroy_node()


@pytest.mark.parametrize(
    ("name", "kind"), [("overlay", CompressedImage), ("overlay_image", Image)]
)  # fmt: skip
def test_the_overlay_is_drawn_only_for_a_viewer(viewer, monkeypatch, name, kind):
    drawn, shown, really = [], [], overlay.draw_overlay
    monkeypatch.setattr(overlay, "draw_overlay", lambda *all: drawn.append(1) or really(*all))
    node = rclpy.create_node("perception")
    picture = Overlay(node)
    picture.open(rate=100.0)
    frame, risk = Frame(0, 1000, np.zeros((48, 64, 3), np.uint8)), made_risk(1000, "high")

    def show():
        picture.see_frame(frame)
        picture._draw(risk)
        return shown

    try:
        show()
        assert drawn == []
        viewer.create_subscription(kind, f"/perception/out/{name}", shown.append, PICTURE)
        until(show, viewer)
        assert drawn and shown[0].header.stamp.nanosec == 1000
    finally:
        picture.close()
        node.destroy_node()
