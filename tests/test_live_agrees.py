"""The same recording, replayed and through the running nodes: the same lanes, tracks and risks."""

import os
import time

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")
pytest.importorskip("panda3d", reason="the simulator is not installed")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from road_clarity_msgs import msg
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from road_clarity.nodes import conversions as convert
from road_clarity.nodes.perception import make_nodes
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.qos import RESULT, RISK
from road_clarity.nodes.safety import SafetyNode
from road_clarity.pipeline.cores import share
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import Perception
from road_clarity.pipeline.presets import preset
from road_clarity.training.simulator.film import simulate

pytestmark = pytest.mark.ros

FIRST_NS = 1_000_000_000_000  # the recording's own time
LONGEST_S = 60.0


@pytest.fixture(scope="module")
def street():
    """Two seconds, as a recording."""
    film = simulate(7, "crossing", (320, 180), 10.0, 2.0, "car", "day")
    return [
        Frame(index, FIRST_NS + index * 100_000_000, frame.image)
        for index, frame in enumerate(film)
    ]


class Player:
    """A bag player: tells the time, shows an image, and waits for its risk."""

    def __init__(self):
        self.node = rclpy.create_node("player")
        self.clock = self.node.create_publisher(Clock, "/clock", 10)
        self.images = self.node.create_publisher(Image, "/perception/in/image", 5)
        self.lanes, self.tracks, self.risks = {}, {}, {}
        listen = self.node.create_subscription
        listen(msg.LaneArray, "/lane/out/lanes", self.keep(self.lanes), RESULT)
        listen(msg.TrackArray, "/tracker/out/tracks", self.keep(self.tracks), RESULT)
        listen(msg.Risk, "/safety/out/risk", self.keep(self.risks), RISK)

    def keep(self, heard):
        return lambda message: heard.setdefault(convert.stamp_of(message.header), message)

    def tell_time(self, stamp_ns):
        self.clock.publish(Clock(clock=convert.header_at(stamp_ns, "").stamp))

    def show(self, frame):
        header = convert.header_at(frame.stamp_ns, "camera")
        self.images.publish(to_image(frame.image, "rgb8", header))

    def has_heard_of(self, frame):
        return all(frame.stamp_ns in heard for heard in (self.lanes, self.tracks, self.risks))


@pytest.fixture(scope="module")
def heard(street):
    """What the running nodes say of every image."""
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    rclpy.init(
        domain_id=40 + os.getpid() % 60,
        args=["--ros-args", "-p", "use_sim_time:=true", "-p", "patience:=1.0"]
        + [
            word
            for topic, source in (
                ("frames", "perception/out/frames"), ("rounds", "perception/out/rounds"),
                ("lanes", "lane/out/lanes"), ("segmentation", "segmentation/out/segmentation"),
                ("tracks", "tracker/out/tracks"), ("world", "world_model/out/world"),
                ("unknown", "unknown_scene/out/unknown"),
            )
            for word in ("-r", f"safety:~/in/{topic}:={source}")
        ],
    )  # fmt: skip
    nodes = [SafetyNode(), *make_nodes()]
    player, executor = Player(), SingleThreadedExecutor()
    try:
        for node in (*nodes, player.node):
            executor.add_node(node)
        for node in nodes:
            node.start()
        # This camera waits for every risk; on a busy machine it would count as silent.
        object.__setattr__(nodes[0]._settings, "silence", LONGEST_S)
        play(street, player, executor)
        yield player
    finally:
        for node in nodes:
            node.stop()
        for node in (*nodes, player.node):
            node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()


def play(street, player, executor):
    until_s = time.monotonic() + LONGEST_S
    while player.images.get_subscription_count() == 0 and time.monotonic() < until_s:
        player.tell_time(FIRST_NS)
        executor.spin_once(timeout_sec=0.05)
    settle_s = time.monotonic() + 1.0
    while time.monotonic() < settle_s:
        player.tell_time(FIRST_NS)
        executor.spin_once(timeout_sec=0.05)
    player.risks.clear()
    for frame in street:
        player.tell_time(frame.stamp_ns)
        for _ in range(20):
            executor.spin_once(timeout_sec=0.0)
        player.show(frame)
        while not player.has_heard_of(frame) and time.monotonic() < until_s:
            executor.spin_once(timeout_sec=0.05)
        assert player.has_heard_of(frame), f"nothing was heard of image {frame.index}"


@pytest.fixture(scope="module")
def replayed(street):
    pipeline = Perception(preset("edge"), "cpu", share())
    return [pipeline.step(frame) for frame in street]


def test_lanes_and_tracks_are_those_of_the_replay(heard, replayed):
    for outcome in replayed:
        stamp_ns = outcome.scene.stamp_ns
        assert convert.lanes_from_message(heard.lanes[stamp_ns]).lanes == outcome.scene.lanes.lanes
        assert convert.tracks_from_message(heard.tracks[stamp_ns]) == outcome.scene.tracks


def test_risks_are_those_of_the_replay(heard, replayed):
    told = [
        (one.score, convert.LEVEL_NAMES[one.level], [reason.code for reason in one.reasons])
        for one in (heard.risks[outcome.scene.stamp_ns] for outcome in replayed)
    ]
    expected = [
        (one.score, one.level, [reason.code for reason in one.reasons])
        for one in (outcome.risk for outcome in replayed)
    ]
    assert {level for _, level, _ in expected} >= {"unknown", "nominal"}
    assert told == expected
