"""What is wrong with a camera topic: looked at for seconds, as the perception node will see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from road_clarity.models.errors import BadInput
from road_clarity.nodes.doctor import Finding
from road_clarity.nodes.intake import KINDS
from road_clarity.nodes.qos import CAMERA_IN
from road_clarity.nodes.safety import EARLY_S
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.image_message import frame_of, intrinsics_of, stamp_of

PATIENCE_S = 3.0  # for a publisher, and then for an image
LATE_S = 1.0  # how far stamps may be behind the clock


@dataclass
class Look:
    """What was seen of the topic."""

    types: set[str] = field(default_factory=set)
    other_topics: list[str] = field(default_factory=list)  # that carry images
    image: Any = None  # Image or CompressedImage
    info: CameraInfo | None = None
    now_ns: int = 0  # when the image came


def examine_camera(image_topic: str, camera_info_topic: str) -> list[Finding]:
    """Look at a running camera driver."""
    rclpy.init()
    try:
        return judge(look(rclpy.create_node("doctor"), image_topic, camera_info_topic), image_topic)
    finally:
        rclpy.try_shutdown()


def look(node: Node, image_topic: str, camera_info_topic: str) -> Look:
    seen = Look()
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def take_image(message: Any) -> None:
        seen.image, seen.now_ns = message, node.get_clock().now().nanoseconds

    def take_info(message: CameraInfo) -> None:
        seen.info = message

    def find() -> bool:
        publishers = node.get_publishers_info_by_topic(image_topic)
        seen.types = {publisher.topic_type for publisher in publishers}
        return bool(seen.types)

    wait(executor, find)
    topics = node.get_topic_names_and_types()
    seen.other_topics = [name for name, types in topics if set(types) & set(KINDS)]
    kind = next((KINDS[one] for one in KINDS if one in seen.types), None)
    if kind is not None:
        node.create_subscription(kind, image_topic, take_image, CAMERA_IN)
        node.create_subscription(CameraInfo, camera_info_topic, take_info, CAMERA_IN)
        wait(executor, lambda: seen.image is not None and seen.info is not None)
    return seen


def wait(executor: SingleThreadedExecutor, condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < until_s:
        executor.spin_once(timeout_sec=0.1)


def judge(seen: Look, topic: str) -> list[Finding]:
    """From what was seen to findings."""
    if not seen.types:
        others = ", ".join(seen.other_topics)
        remedy = f"--image-topic with one of {others}" if others else "start the camera driver"
        return [Finding("camera", "problem", f"nobody publishes on {topic}", remedy)]
    if not seen.types & set(KINDS):
        text = f"{topic} carries {', '.join(sorted(seen.types))}"
        return [Finding("camera", "problem", text, "name a topic of Image or CompressedImage")]
    if seen.image is None:
        remedy = "is the camera running?  For raw images see `transport` above"
        return [Finding("camera", "problem", f"no image comes on {topic}", remedy)]
    try:
        frame = frame_of(seen.image, 0, seen.now_ns, None)
    except BadInput as error:
        return [Finding("camera", "problem", f"{error.field} {error.value}", error.remedy)]
    size = f"{frame.size[0]}x{frame.size[1]}"
    return [
        Finding("camera", "fine", f"{size} images on {topic}"),
        judge_time(seen),
        judge_info(frame, seen.info),
    ]


def judge_time(seen: Look) -> Finding:
    """Late images make the risk unknown, and so do images that a wrong clock calls late."""
    if stamp_of(seen.image) == 0:
        remedy = "let the driver stamp its images; until then they count from their arrival"
        return Finding("camera clock", "notice", "images have no stamp", remedy)
    age_s = (seen.now_ns - stamp_of(seen.image)) * 1e-9
    if -EARLY_S <= age_s <= LATE_S:
        return Finding("camera clock", "fine", f"images are {age_s * 1e3:.0f} ms old")
    remedy = "let the driver stamp with system time, or use_sim_time:=true with a /clock"
    return Finding("camera clock", "problem", f"stamps are {age_s:.1f} s behind the clock", remedy)


def judge_info(frame: Frame, info: CameraInfo | None) -> Finding:
    if info is None:
        remedy = "remap ~/in/camera_info, or do without: distances are then estimated"
        return Finding("camera_info", "notice", "no calibration comes", remedy)
    if (info.width, info.height) != frame.size:
        text = f"is for {info.width}x{info.height}, the images are {frame.size[0]}x{frame.size[1]}"
        return Finding("camera_info", "problem", text, "calibrate at the size that is published")
    if intrinsics_of(info) is None:
        remedy = "run camera_calibration, or do without: distances are then estimated"
        return Finding("camera_info", "notice", "the camera is not calibrated (K is zero)", remedy)
    return Finding("camera_info", "fine", "calibrated")
