"""A subscriber of all that we publish, which never reads anything."""

from __future__ import annotations

import time

import rclpy
from road_clarity_msgs import msg
from sensor_msgs.msg import CompressedImage

from road_clarity.nodes.qos import PICTURE, RESULT, RISK

TOPICS = (
    (msg.Risk, "/safety/out/risk", RISK),
    (msg.CameraFrame, "/perception/out/frames", RESULT),
    (msg.LaneArray, "/lane/out/lanes", RESULT),
    (msg.World, "/world_model/out/world", RESULT),
    (CompressedImage, "/perception/out/overlay", PICTURE),
)


def main() -> None:
    rclpy.init()
    node = rclpy.create_node("mute")
    for kind, topic, qos in TOPICS:
        node.create_subscription(kind, topic, lambda message: None, qos)
    time.sleep(3600.0)


if __name__ == "__main__":
    main()
