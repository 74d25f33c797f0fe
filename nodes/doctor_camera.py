"""Looks at a running camera for seconds, as the perception node would see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import rclpy
from rclpy.exceptions import InvalidTopicNameException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSCompatibility, qos_check_compatible
from rclpy.validate_full_topic_name import validate_full_topic_name
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from road_clarity.models.errors import BadInput
from road_clarity.nodes.camera_look import IMAGE_TYPES, Look, judge
from road_clarity.nodes.doctor import Question
from road_clarity.nodes.findings import Finding, fail, ok
from road_clarity.nodes.qos import CAMERA_IN
from road_clarity.nodes.topics import published
from road_clarity.nodes.transport import tune
from road_clarity.pipeline.image_message import stamp_of

PATIENCE_S = 3.0  # for a publisher, and then for an image
SETTLE_S = 0.5  # until all who publish are known
INFO_TYPE = "sensor_msgs/msg/CameraInfo"
CLASSES = dict(zip(IMAGE_TYPES, (Image, CompressedImage), strict=True))


def examine_camera(asked: Question) -> list[Finding]:
    """Look at a running camera driver, and at who listens to us.  Raises BadInput."""
    require_topic("image_topic", asked.image_topic)
    require_topic("camera_info_topic", asked.info_topic)
    tune()
    rclpy.init()
    try:
        sim_time = Parameter("use_sim_time", value=asked.use_sim_time)
        node = rclpy.create_node("doctor", parameter_overrides=[sim_time])
        seen = look(node, asked)
        found = [*judge(seen, asked.use_sim_time), judge_listeners(node, asked.namespace)]
        node.destroy_node()
        return found
    finally:
        rclpy.try_shutdown()


def require_topic(field: str, topic: str) -> None:
    try:
        validate_full_topic_name(topic)
    except InvalidTopicNameException as error:
        remedy = "name a topic from the root, such as /camera/image_raw"
        raise BadInput(field, repr(topic), remedy) from error


def look(node: Node, asked: Question) -> Look:
    seen = Look(asked.image_topic, asked.info_topic)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    wait(executor, lambda: node.count_publishers(seen.topic) > 0, PATIENCE_S)
    wait(executor, lambda: False, SETTLE_S)
    offers = node.get_publishers_info_by_topic(seen.topic)
    seen.types = {one.topic_type for one in offers}
    seen.publishers = [full_name(one) for one in offers]
    seen.refused = mismatches(offers, CAMERA_IN)
    seen.has_clock = node.count_publishers("/clock") > 0
    for name, types in node.get_topic_names_and_types():
        if node.count_publishers(name) and set(types) & set(IMAGE_TYPES):
            seen.image_topics.append(name)
        if node.count_publishers(name) and INFO_TYPE in types:
            seen.info_topics.append(name)
    kind = next((one for one in IMAGE_TYPES if one in seen.types), None)
    if kind is not None:
        watch(node, executor, seen, CLASSES[kind], asked.seconds)
    return seen


def watch(
    node: Node, executor: SingleThreadedExecutor, seen: Look, kind: Any, seconds: float
) -> None:
    """Count what comes for so long from the first image."""
    began_s: list[float] = []

    def take_image(message: Any) -> None:
        if not began_s:
            began_s.append(time.monotonic())
        seen.image, seen.now_ns = message, node.get_clock().now().nanoseconds
        seen.stamps.append(stamp_of(message))

    def take_info(message: CameraInfo) -> None:
        seen.info = message
        seen.info_stamps.add(stamp_of(message))

    node.create_subscription(kind, seen.topic, take_image, CAMERA_IN)
    node.create_subscription(CameraInfo, seen.info_topic, take_info, CAMERA_IN)
    wait(executor, lambda: bool(began_s), PATIENCE_S)
    if began_s:
        seen.stamps.clear()  # the first one begins the time in which they are counted
        wait(executor, lambda: time.monotonic() - began_s[0] >= seconds, seconds + 1.0)
        seen.seconds = time.monotonic() - began_s[0]


def wait(executor: SingleThreadedExecutor, condition: Callable[[], bool], limit_s: float) -> None:
    until_s = time.monotonic() + limit_s
    while not condition() and time.monotonic() < until_s:
        executor.spin_once(timeout_sec=0.05)


def full_name(end: Any) -> str:
    """Of the node that has this publisher or subscription."""
    return f"{end.node_namespace.rstrip('/')}/{end.node_name}"


def mismatches(offers: Iterable[Any], wanted: Any) -> list[str]:
    """Why a subscription with these wishes would not hear each of the publishers."""
    refused = []
    for one in offers:
        verdict, reason = qos_check_compatible(one.qos_profile, wanted)
        if verdict == QoSCompatibility.ERROR:
            refused.append(f"{full_name(one)}: {' '.join(reason.split())}")
    return refused


def judge_listeners(node: Node, namespace: str) -> Finding:
    """Whether everybody who listens to our topics can hear us; nothing to say while we are down."""
    refused, count = [], 0
    for topic in published(namespace):
        offers = node.get_publishers_info_by_topic(topic)
        for listener in node.get_subscriptions_info_by_topic(topic):
            count += bool(offers)
            refused += [f"{full_name(listener)} on {topic}: {one.partition(': ')[2]}"
                        for one in mismatches(offers, listener.qos_profile)]  # fmt: skip
    if not refused:
        return ok("outputs.qos", f"{count} subscriptions match what we offer")
    fix = "subscribe volatile, and to the risk with a deadline of 0.5 s or more, or with none"
    return fail("outputs.qos", "; ".join(refused), fix)
