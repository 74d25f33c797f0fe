"""Is the safety node alive?  Exit code 0 when a risk is heard within three seconds, 1 otherwise."""

from __future__ import annotations

import time

import rclpy
from rclpy.node import Node
from road_clarity_msgs import msg

from road_clarity.nodes.qos import RISK

PATIENCE_S = 3.0


def risk_topics(node: Node) -> list[str]:
    """Every risk topic, whatever its namespace."""
    kinds = node.get_topic_names_and_types()
    return [topic for topic, types in kinds if "road_clarity_msgs/msg/Risk" in types]


def main() -> int:
    rclpy.init()
    node = rclpy.create_node("heartbeat")
    heard: list[msg.Risk] = []
    listening: set[str] = set()
    until_s = time.monotonic() + PATIENCE_S
    while not heard and time.monotonic() < until_s:
        for topic in set(risk_topics(node)) - listening:
            listening.add(topic)
            node.create_subscription(msg.Risk, topic, heard.append, RISK)
        rclpy.spin_once(node, timeout_sec=0.1)
    node.destroy_node()
    rclpy.try_shutdown()
    return 0 if heard else 1


if __name__ == "__main__":
    raise SystemExit(main())
