"""The soak itself: faults begin and end as planned while everything is written down."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import String

from road_clarity.models.errors import BadInput
from road_clarity.nodes.soak.camera import SoakCamera, pictures
from road_clarity.nodes.soak.drilled import ORDER_TOPIC
from road_clarity.nodes.soak.faults import Planned
from road_clarity.nodes.soak.fleet import Fleet
from road_clarity.nodes.soak.listener import Listener
from road_clarity.nodes.transport import tune

START_S = 120.0  # until the first image is judged
WEIGH_EVERY_S, LOOK_S = 1.0, 0.02
HOLD_AFTER_S = 1.5  # a subscriber that stands still has connected by then
ORDERS = {
    "network raises": "raise",
    "network says nan": "nan",
    "memory runs out": "memory",
    "network hangs": "hang",
    "network never returns": "hang",
}
FOR_EVER_S = 1e6


@dataclass(frozen=True)
class Struck:
    """A fault as it happened [s, monotonic]."""

    planned: Planned
    began_s: float
    ended_s: float


@dataclass
class Course:
    """All that was seen."""

    listener: Listener
    camera: SoakCamera
    fleet: Fleet
    struck: list[Struck] = field(default_factory=list)
    began_s: float = 0.0
    ended_s: float = 0.0
    stopped_s: float = 0.0  # when `up` was asked to stop
    exit_code: int = -1


class Soak:
    """Raises BadInput when nothing is judged in the first place."""

    def __init__(self, folder: Path, source: str, preset: str, rate: float) -> None:
        images = pictures(source)
        tune()  # as the driver of a camera of ours would
        rclpy.init()
        self._node = rclpy.create_node("soak")
        self._orders = self._node.create_publisher(String, ORDER_TOPIC, 10)
        camera = SoakCamera(self._node, images, rate)
        self._course = Course(Listener(self._node), camera, Fleet(folder, preset))
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._weighed_s = 0.0

    def run(self, plan: Sequence[Planned], seconds: float, tell: Callable[[str], None]) -> Course:
        course = self._course
        try:
            self._wait(lambda: any(one.judged for one in course.listener.risks), START_S)
            if not any(one.judged for one in course.listener.risks):
                text = course.fleet.log.read_text(errors="replace")[-2000:]
                raise BadInput("soak", "start", f"no image was judged in {START_S:g} s:\n{text}")
            course.began_s = time.monotonic()
            for planned in plan:
                self._wait_until(course.began_s + planned.at_s)
                tell(f"{planned.at_s:7.1f} s  {planned.kind.name} {planned.part}")
                course.struck.append(self._strike(planned))
            self._wait_until(course.began_s + seconds)
            course.ended_s = time.monotonic()
            course.camera.stop()
            self._wait_until(course.ended_s + 1.0)
            course.stopped_s = time.monotonic()
            course.fleet.ask_to_stop()
            self._wait(lambda: not course.fleet.is_up(), 20.0)
        finally:
            course.camera.stop()
            course.fleet.ask_to_stop()
            course.exit_code = course.fleet.end()
            self._node.destroy_node()
            rclpy.try_shutdown()
        return course

    def _strike(self, planned: Planned) -> Struck:
        """Begin the fault, wait, end it."""
        course, name = self._course, planned.kind.name
        began_s = time.monotonic()
        course.camera.begin(name)
        if name in ORDERS:
            lasts_s = FOR_EVER_S if planned.kind.restarts else planned.lasts_s
            self._orders.publish(String(data=f"{planned.part} {ORDERS[name]} {lasts_s}"))
        elif planned.kind.restarts:
            course.fleet.kill(planned.kind.restarts)
        elif name.startswith("subscriber"):
            course.fleet.add_mute()
        if name == "subscriber stands still":
            self._wait_until(began_s + HOLD_AFTER_S)
            course.fleet.hold_mutes()
        self._wait_until(began_s + planned.lasts_s)
        course.camera.end()
        course.fleet.end_mutes()
        return Struck(planned, began_s, time.monotonic())

    def _wait_until(self, at_s: float) -> None:
        self._wait(lambda: False, at_s - time.monotonic())

    def _wait(self, condition: Callable[[], bool], limit_s: float) -> None:
        until_s = time.monotonic() + limit_s
        while not condition() and time.monotonic() < until_s:
            self._executor.spin_once(timeout_sec=LOOK_S)
            if time.monotonic() - self._weighed_s > WEIGH_EVERY_S:
                self._weighed_s = time.monotonic()
                self._course.fleet.weigh()
