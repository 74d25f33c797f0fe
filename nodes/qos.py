"""Quality of service of every topic, and why."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import QoSProfile, ReliabilityPolicy

# Best effort matches every camera driver.  Only the newest image counts, but every one is judged:
# those that come while the executor is busy for a moment wait.
CAMERA_IN = QoSProfile(depth=8, reliability=ReliabilityPolicy.BEST_EFFORT)
# As camera drivers offer it by default: reliable, so that recorders match as well.
CAMERA_OUT = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
# Reliable matches every subscriber, RViz included.
RESULT = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
PICTURE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
# A subscriber that asks for this deadline hears of a safety node that fell silent from DDS itself.
RISK_DEADLINE_S = 0.5
# Deep, so that whoever pauses for seconds, the evidence too, hears of every image in the end.
RISK = QoSProfile(
    depth=100,
    reliability=ReliabilityPolicy.RELIABLE,
    deadline=Duration(nanoseconds=round(RISK_DEADLINE_S * 1e9)),
)
