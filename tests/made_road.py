"""All nodes of a car in one process, with networks and a camera that do as a test says.

The pictures are small and the networks stand-ins, so that a fault and the end of it take a second.
"""

import os
import threading
import time
from collections import defaultdict
from contextlib import contextmanager

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from road_clarity_msgs import msg
from sensor_msgs.msg import CompressedImage, Image

from road_clarity.nodes.conversions import header_at
from road_clarity.nodes.intake import PerceptionNode
from road_clarity.nodes.lane import LaneNode
from road_clarity.nodes.pictures import to_image, to_jpeg
from road_clarity.nodes.qos import CAMERA_OUT, RISK
from road_clarity.nodes.safety import SafetyNode
from road_clarity.nodes.segmentation import SegmentationNode
from road_clarity.nodes.table import DRIVE, DRIVE_ARGUMENTS, complete, starts
from road_clarity.nodes.tracker import TrackerNode
from road_clarity.nodes.world_model import WorldModelNode
from road_clarity.safety.scene import Lane, Lanes, Segmentation, Tracks, World

FRAME_S = 0.05
PARTS = ("lanes", "segmentation", "tracks", "world")
OWN_LANE = (
    Lane(2, tuple((64.0 - x, 36.0 + x) for x in range(4, 36, 4)), 0.9),
    Lane(3, tuple((64.0 + x, 36.0 + x) for x in range(4, 36, 4)), 0.9),
)


def calm(part, frame):
    """What a network says of a calm road."""
    at = frame.stamp_ns
    return {
        "lanes": lambda: Lanes(at, OWN_LANE),
        "segmentation": lambda: Segmentation(at, np.full((9, 16), 3, np.uint8), frame.size),
        "tracks": lambda: Tracks(at, ()),
        "world": lambda: World(
            at, 0.01, 0.9, np.zeros((4, 4), np.float32), 0.1, 0.9, 1.0, 0.9, "calm",
            np.zeros((4, 4, 3), np.uint8), None,
        ),
    }[part]()  # fmt: skip


class Network:
    """A stage.  `does` may raise, change the answer, or wait."""

    networks = ()

    def __init__(self, part):
        self.part, self.resets = part, 0
        self.does = lambda answer: answer

    def reset(self):
        self.resets += 1

    def run(self, frame):
        return self.does(calm(self.part, frame))


class Driver:
    """Of the camera.  It talks to DDS by itself, as a topic has one kind only in every process."""

    def __init__(self, kind):
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=40 + os.getpid() % 60)
        self.node = rclpy.create_node("driver", context=self.context)
        self.images = self.node.create_publisher(kind, "/camera/image_raw", CAMERA_OUT)

    def close(self):
        self.node.destroy_node()
        self.context.try_shutdown()


class Road:
    """A camera, the nodes, and what the risk topic and /diagnostics said."""

    def __init__(self, parameters=(), sim_time=False):
        """parameters: (node, name, value) of what is not left at its default"""
        self.networks = {part: Network(part) for part in PARTS}
        self.perception, self.safety = PerceptionNode(), SafetyNode()
        stages = (LaneNode(), SegmentationNode(), TrackerNode(), WorldModelNode())
        for stage in stages:
            stage.make_stage = lambda settings, device, part=stage.part: self.networks[part]
            self.perception.listeners.append(stage.offer)
        self.nodes = (self.safety, *stages, self.perception)
        for node in self.nodes:
            values = [Parameter(name, value=value) for who, name, value in parameters
                      if who in (node.get_name(), "all")]  # fmt: skip
            node.set_parameters([*values, Parameter("use_sim_time", value=sim_time)])
            node.start()
        self.node = rclpy.create_node("around")
        self.risks, self.told = [], defaultdict(list)
        self.node.create_subscription(msg.Risk, "/safety/out/risk", self.risks.append, RISK)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)
        self.camera = self.driver = None
        self.use(Image)
        self.executor = SingleThreadedExecutor()
        for node in (*self.nodes, self.node):
            self.executor.add_node(node)
        self.index, self.offset_ns = 0, 0
        self.clock = lambda: self.node.get_clock().now().nanoseconds
        self.show = self.street  # makes the next message
        self.shown = True

    def _on_diagnostics(self, message):
        for status in message.status:
            self.told[status.name].append(status)

    def use(self, kind):
        """The driver ends, and another one publishes this kind."""
        if self.driver is not None:
            self.driver.close()
        self.driver = Driver(kind)
        self.camera = self.driver.images

    # What the camera shows -----------------------------------------------------------------------

    def picture(self, size=(128, 72)):
        noise = np.random.default_rng(self.index).integers(0, 255, (18, 32, 3), np.uint8)
        return noise.repeat(size[1] // 18, axis=0).repeat(size[0] // 32, axis=1)

    def header(self):
        return header_at(self.clock() + self.offset_ns, "front")

    def street(self, size=(128, 72)):
        return to_image(self.picture(size), "rgb8", self.header())

    def jpeg(self):
        return to_jpeg(self.picture(), 90, self.header())

    def still(self, grey=None):
        """The same picture as ever, or an even one."""
        noise = np.random.default_rng(0).integers(0, 255, (72, 128, 3), np.uint8)
        picture = noise if grey is None else np.full_like(noise, grey)
        return to_image(picture, "rgb8", self.header())

    def changed(self, **fields):
        """A street whose message has been tampered with."""
        message = self.street()
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    # The drive -----------------------------------------------------------------------------------

    def _step(self):
        if self.show is not None:
            self.index += 1
            self.camera.publish(self.show())
        until = time.monotonic() + FRAME_S
        while time.monotonic() < until:
            self.executor.spin_once(timeout_sec=0.01)

    def until(self, condition, limit_s=10.0):
        """Drive until the risk says so; how long that took [s]"""
        began = time.monotonic()
        seen = len(self.risks)
        while not any(condition(risk) for risk in self.risks[seen:]):
            assert time.monotonic() - began < limit_s, said(self.risks[seen:])
            self._step()
        return time.monotonic() - began

    def until_calm(self, limit_s=10.0):
        return self.until(lambda risk: risk.level == msg.Risk.NOMINAL, limit_s)

    def until_told(self, code, limit_s=10.0):
        """A reason has this code, and the risk is unknown."""
        found = self.until(lambda risk: code in codes(risk), limit_s)
        last = next(risk for risk in reversed(self.risks) if code in codes(risk))
        assert last.level == msg.Risk.UNKNOWN
        return found

    def until_diagnosed(self, name, words, limit_s=10.0):
        """The node of that name tells an error with these words."""
        began, seen = time.monotonic(), len(self.told[name])
        while not any(words in one.message for one in self.told[name][seen:]):
            messages = [one.message for one in self.told[name][seen:]]
            assert time.monotonic() - began < limit_s, messages
            self._step()
        return time.monotonic() - began

    def close(self):
        for network in self.networks.values():
            network.does = lambda answer: answer
        for node in self.nodes:
            node.stop()
        self.driver.close()
        for node in (*self.nodes, self.node):
            node.destroy_node()


def codes(risk):
    return {reason.code for reason in risk.reasons}


def said(risks):
    return [(risk.level, sorted(codes(risk))) for risk in risks[-5:]]


@contextmanager
def driving(monkeypatch, parameters=(), sim_time=False):
    """A road in a domain of its own, wired as the node table says."""
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    arguments = ["--ros-args", "--log-level", "fatal"]
    for one in starts(DRIVE, complete(DRIVE_ARGUMENTS, {})):
        for name, topic in one.remaps:
            arguments += ["-r", f"{name}:={topic}"]
    rclpy.init(args=arguments, domain_id=40 + os.getpid() % 60)
    road = Road(parameters, sim_time)
    try:
        yield road
    finally:
        road.close()
        rclpy.try_shutdown()


class Gate:
    """Holds whoever comes by until it is opened."""

    def __init__(self):
        self.open = threading.Event()

    def __call__(self, answer):
        self.open.wait(30.0)
        return answer


__all__ = ["CompressedImage", "Driver", "Gate", "Image", "Road", "codes", "driving"]
