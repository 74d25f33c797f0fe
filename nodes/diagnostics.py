"""A node's condition on /diagnostics: once a second, and at once when it changes."""

from __future__ import annotations

from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from road_clarity.nodes.health import Condition, Severity

LOOK_EVERY_S, TELL_EVERY_S = 0.2, 1.0


class Diagnostics:
    """Asks `condition` five times a second; tells what is new or was told a second ago."""

    def __init__(self, node: Node, condition: Callable[[], Condition], hardware_id: str) -> None:
        self._node, self._condition, self._hardware_id = node, condition, hardware_id
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._told: tuple[Severity, str] | None = None
        self._looks = 0
        # Steady: a simulated clock that stands still must not silence a node.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(LOOK_EVERY_S, self._look, clock=steady)

    def _look(self) -> None:
        condition = self._condition()
        self._looks += 1
        heard = (condition.severity, condition.text)
        if heard != self._told or self._looks * LOOK_EVERY_S >= TELL_EVERY_S:
            self._told, self._looks = heard, 0
            self._publisher.publish(self._message(condition))

    def _message(self, condition: Condition) -> DiagnosticArray:
        status = DiagnosticStatus(
            level=bytes([condition.severity]),
            name=self._node.get_fully_qualified_name().lstrip("/"),
            message=condition.text,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=text) for key, text in condition.values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        return message
