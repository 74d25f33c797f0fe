"""The table of topics says what the real nodes publish and subscribe to, remaps included."""

import os
import time
from itertools import cycle
from xml.etree import ElementTree

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy

from road_clarity.nodes import perception, safety, source
from road_clarity.nodes.sros2_policy import text_of
from road_clarity.nodes.table import REPLAY, REPLAY_ARGUMENTS, complete, start
from road_clarity.nodes.topics import published, resolved

pytestmark = pytest.mark.ros

MAKE = {
    "perception_node": perception.make_nodes,
    "safety_node": lambda: [safety.SafetyNode()],
    "source_node": lambda: [source.SourceNode()],
}
# One for each test: the graph may still know nodes of the same name that were just destroyed.
DOMAINS = cycle(range(40 + os.getpid() % 30, 80))
OF_EVERY_NODE = ("/rosout", "/parameter_events", "/diagnostics", "transition_event", "/clock")
GIVEN = {"namespace": "left", "camera": "left_camera", "preset": "tiny"}
BY_CLOCK = {"/clock", "/parameter_events"}  # subscribed to with use_sim_time
LATER = {"/left_camera/image_raw"}  # subscribed to as soon as its type is known


def own(topics):
    return {name: kinds[0] for name, kinds in topics if not name.endswith(OF_EVERY_NODE)}


@pytest.fixture(params=REPLAY, ids=lambda process: process.executable)
def process(request, monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    arguments = start(request.param, complete(REPLAY_ARGUMENTS, GIVEN)).ros_arguments()
    rclpy.init(args=["--ros-args", *arguments], domain_id=next(DOMAINS))
    nodes = MAKE[request.param.executable]()
    yield request.param, {node.get_name(): node for node in nodes}
    for node in nodes:
        node.stop()
        node.destroy_node()
    rclpy.try_shutdown()


def becomes(look, expected, limit_s=5.0):
    """What is seen of the graph in the end: DDS tells of an end some time after it was made."""
    until = time.monotonic() + limit_s
    while look() != expected and time.monotonic() < until:
        time.sleep(0.02)
    return look()


def test_the_table_is_what_the_nodes_do(process):
    table, nodes = process
    assert set(nodes) == set(table.nodes)
    for name, namespace, ends in resolved(table, complete(REPLAY_ARGUMENTS, GIVEN)):
        node = nodes[name]

        def said(node=node, own_name=(name, namespace)):
            return own(node.get_publisher_names_and_types_by_node(*own_name))

        def heard(node=node, own_name=(name, namespace)):
            return own(node.get_subscriber_names_and_types_by_node(*own_name))

        assert becomes(said, ends.publishes) == ends.publishes
        at_once = {topic: kind for topic, kind in ends.subscribes.items() if topic not in LATER}
        assert becomes(heard, at_once) == at_once


def test_the_security_policy_allows_what_the_nodes_do_and_no_more(process):
    table, nodes = process
    policy = ElementTree.fromstring(text_of(complete(REPLAY_ARGUMENTS, GIVEN)).encode())
    for name, namespace, _ in resolved(table, complete(REPLAY_ARGUMENTS, GIVEN)):
        profile = policy.find(f".//profile[@node='{name}']")
        expected = (
            allowed(profile, "publish"),
            allowed(profile, "subscribe") - LATER - BY_CLOCK,
            allowed(profile, "reply"),
        )

        def done(node=nodes[name], own_name=(name, namespace)):
            return (
                {one for one, _ in node.get_publisher_names_and_types_by_node(*own_name)},
                {one for one, _ in node.get_subscriber_names_and_types_by_node(*own_name)}
                - BY_CLOCK,
                {one for one, _ in node.get_service_names_and_types_by_node(*own_name)},
            )

        assert becomes(done, expected) == expected


def allowed(profile, right):
    return {one.text for one in profile.findall(f"*[@{right}='ALLOW']/*")}


def test_nothing_of_ours_is_heard_outside_its_namespace():
    assert all(topic.startswith("/left/") for topic in published("left"))


def test_two_cameras_share_no_topic():
    """But for /diagnostics, whose lines carry the namespace."""

    def topics(camera):
        arguments = complete(REPLAY_ARGUMENTS, {"namespace": camera, "camera": f"{camera}_camera"})
        ends = [one for process in REPLAY for _, _, one in resolved(process, arguments)]
        return {topic for one in ends for topic in (*one.publishes, *one.subscribes)}

    assert topics("left") and not topics("left") & topics("right")
