"""What the risk topic and /diagnostics said, and when."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from road_clarity_msgs import msg

from road_clarity.nodes.conversions import risk_from_message
from road_clarity.nodes.qos import RISK
from road_clarity.pipeline.events import is_flagged

NOBODY_SEES = {"safety.inactive", "safety.stopped", "input.missing"}


@dataclass(frozen=True)
class Said:
    """One risk."""

    at_s: float  # when it was heard [s, monotonic]
    sent_s: float  # when it was said [s, of the clock of the machine]
    stamp_ns: int
    level: str
    codes: frozenset[str]
    flagged: bool

    @property
    def judged(self) -> bool:
        """Whether it speaks of an image."""
        return not self.codes & NOBODY_SEES


class Listener:
    def __init__(self, node: Node) -> None:
        self.risks: list[Said] = []
        self.diagnostics: dict[str, list[float]] = defaultdict(list)  # by node, when [s]
        node.create_subscription(msg.Risk, "/safety/out/risk", self._on_risk, RISK)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)

    def _on_risk(self, message: msg.Risk, info: dict[str, int]) -> None:
        risk = risk_from_message(message)
        codes = frozenset(reason.code for reason in risk.reasons)
        sent_s = info["source_timestamp"] * 1e-9
        self.risks.append(
            Said(time.monotonic(), sent_s, risk.stamp_ns, risk.level, codes, is_flagged(risk))
        )

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.diagnostics[status.name].append(time.monotonic())
