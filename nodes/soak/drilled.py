"""The perception process with networks that fail when they are told to, for the soak.

Nothing else starts it.  An order is a text on ~/in/order of node `drill`: 'lanes raise 3.0' makes
the lane network raise for three seconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from rclpy.node import Node
from std_msgs.msg import String

from road_clarity.nodes.perception import make_nodes
from road_clarity.nodes.process import run
from road_clarity.nodes.stage_node import Sight, StageNode
from road_clarity.nodes.watchdog import WatchdogConfig
from road_clarity.safety.scene import Lane, Lanes, Track, Tracks, World

ORDER_TOPIC = "/soak/order"


def out_of_memory(part: Any) -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. (a drill)")


def fail(part: Any) -> Any:
    raise RuntimeError("a drill")


def with_nan(part: Any) -> Any:
    """The part as a network would have it whose answer nobody checks."""
    if isinstance(part, Lanes):
        lane = Lane(2, ((math.nan, 1.0), (2.0, 3.0)), 0.9)
        return replace(part, lanes=(lane,))
    if isinstance(part, Tracks):
        return replace(part, tracks=(Track(1, "person", (0.0, 0.0, 9.0, math.nan), 0.9, 1),))
    assert isinstance(part, World)
    return replace(part, error=math.nan)


class Orders:
    """What the networks are told to do, and until when [s, monotonic]."""

    def __init__(self) -> None:
        self._orders: dict[str, tuple[str, float]] = {}

    def hear(self, text: str) -> None:
        part, what, seconds = text.split()
        self._orders[part] = (what, time.monotonic() + float(seconds))

    def obey(self, node: StageNode) -> None:
        infer: Callable[[Sight], Any] = node.infer

        def see(sight: Sight) -> Any:
            what, until_s = self._orders.get(node.part, ("", 0.0))
            left_s = until_s - time.monotonic()
            part = infer(sight)
            if left_s <= 0:
                return part
            if what == "hang":
                threading.Event().wait(left_s)
                return part
            return {"raise": fail, "nan": with_nan, "memory": out_of_memory}[what](part)

        node.infer = see  # type: ignore[method-assign]


class Drill(Node):
    """Hears the orders."""

    limits = WatchdogConfig()

    def __init__(self, orders: Orders) -> None:
        super().__init__("drill")
        self.create_subscription(String, ORDER_TOPIC, lambda one: orders.hear(one.data), 10)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def done(self) -> bool:
        return False

    def is_lost(self) -> bool:
        return False


def make_drilled() -> Sequence[Node]:
    nodes, orders = make_nodes(), Orders()
    for node in nodes:
        if isinstance(node, StageNode):
            orders.obey(node)
    return [*nodes, Drill(orders)]


def main() -> int:
    return run(make_drilled)


if __name__ == "__main__":
    raise SystemExit(main())
