"""The perception node alone, with a camera in the same process."""

import os
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from road_clarity_msgs.msg import CameraFrame
from sensor_msgs.msg import CompressedImage, Image

from road_clarity.nodes.conversions import header_at
from road_clarity.nodes.intake import PerceptionNode
from road_clarity.nodes.pictures import to_image, to_jpeg

pytestmark = pytest.mark.ros

NOISE = np.random.default_rng(0).integers(0, 255, (72, 128, 3), np.uint8)
HEADER = header_at(7_000_000_000, "front_optical")


class Camera:
    """Publishes, and hears what the perception node makes of it."""

    def __init__(self, kind):
        self.perception = PerceptionNode()
        self.perception.start()
        self.sights, self.frames = [], []
        self.perception.listeners.append(self.sights.append)
        self.node = rclpy.create_node("camera")
        self.images = self.node.create_publisher(kind, "/perception/in/image", 5)
        self.node.create_subscription(CameraFrame, "/perception/out/frames", self.frames.append, 5)
        self.executor = SingleThreadedExecutor()
        for node in (self.perception, self.node):
            self.executor.add_node(node)
        self.wait(lambda: self.images.get_subscription_count() > 0)

    def wait(self, condition, limit_s=5.0):
        until = time.monotonic() + limit_s
        while not condition() and time.monotonic() < until:
            self.executor.spin_once(timeout_sec=0.05)
        assert condition()

    def show(self, message):
        """The message about the image, as the safety node gets it."""
        self.images.publish(message)
        self.wait(lambda: self.frames)
        return self.frames.pop()

    def close(self):
        self.perception.stop()
        for node in (self.perception, self.node):
            node.destroy_node()


@pytest.fixture
def camera(monkeypatch, request):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    shown = Camera(request.param)
    yield shown
    shown.close()
    rclpy.try_shutdown()


raw = pytest.mark.parametrize("camera", [Image], indirect=True)
compressed = pytest.mark.parametrize("camera", [CompressedImage], indirect=True)


@raw
def test_a_raw_image_reaches_the_networks_pixel_by_pixel(camera):
    camera.show(to_image(NOISE, "rgb8", HEADER))
    frame = camera.sights[0].frame
    np.testing.assert_array_equal(frame.image, NOISE)
    assert (frame.stamp_ns, frame.frame_id) == (7_000_000_000, "front_optical")


@compressed
def test_a_compressed_image_is_found_out_and_decoded(camera):
    told = camera.show(to_jpeg(NOISE, 95, HEADER))
    assert (told.width, told.height, list(told.faults)) == (128, 72, [])
    assert camera.sights[0].frame.size == (128, 72)


@pytest.mark.claim("blind")
@compressed
def test_an_image_that_cannot_be_decoded_is_announced_but_not_passed_on(camera):
    garbage = CompressedImage(header=HEADER, format="jpeg", data=b"not a jpeg")
    assert [fault.code for fault in camera.show(garbage).faults] == ["input.unreadable"]
    assert camera.sights == []


@raw
def test_an_unknown_encoding_is_named_and_the_node_goes_on(camera):
    strange = to_image(NOISE, "rgb8", HEADER)
    strange.encoding = "thermal12"
    assert "thermal12" in camera.show(strange).faults[0].text
    assert list(camera.show(to_image(NOISE, "rgb8", HEADER)).faults) == []


@pytest.mark.claim("jump")
@raw
def test_a_jump_back_in_time_starts_a_new_stream(camera):
    camera.show(to_image(NOISE, "rgb8", HEADER))
    told = camera.show(to_image(NOISE[::-1], "rgb8", header_at(1_000_000_000, "front_optical")))
    assert [fault.code for fault in told.faults] == ["input.time_backwards"]
    assert [sight.stream for sight in camera.sights] == [0, 1]
