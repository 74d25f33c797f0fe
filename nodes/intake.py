"""The perception node: the one subscription to the camera, the one decode, the input gate.

Frames go to the networks of the same process.  The safety node hears of every image in a small
message and never handles pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.subscription import Subscription
from road_clarity_msgs import msg
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from road_clarity.models.errors import BadInput
from road_clarity.nodes.conductor import Conductor
from road_clarity.nodes.conversions import faults_to_messages, header_at, risk_from_message
from road_clarity.nodes.evidence import EvidenceKeeper, LiveEvidenceConfig
from road_clarity.nodes.image_kind import choose_kind
from road_clarity.nodes.lifecycle import RoadNode
from road_clarity.nodes.overlay import Overlay
from road_clarity.nodes.qos import CAMERA_IN, RESULT, RISK
from road_clarity.nodes.settings import IntakeConfig
from road_clarity.nodes.stage_node import Sight
from road_clarity.pipeline.evidence.provenance import Origin
from road_clarity.pipeline.frame import Frame, Intrinsics
from road_clarity.pipeline.gate import InputGate, broken
from road_clarity.pipeline.image_message import frame_of, intrinsics_of, stamp_of
from road_clarity.pipeline.in_hand import InHand
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.slots import StageWorker
from road_clarity.safety.scene import Fault

KINDS = {"sensor_msgs/msg/Image": Image, "sensor_msgs/msg/CompressedImage": CompressedImage}
LOOK_EVERY_S = 0.2  # for a publisher of images


@dataclass(frozen=True, eq=False)
class Delivery:
    """An image message as it came."""

    message: Any  # Image or CompressedImage
    received_ns: int


class PerceptionNode(RoadNode):
    """Camera in, frames out to `listeners`, which never wait."""

    def __init__(self) -> None:
        super().__init__("perception")
        self.listeners: list[Callable[[Sight], None]] = []
        self.conductor = Conductor(self)
        self.overlay = Overlay(self)
        self.conductor.hearers.append(self.overlay.see_rung)
        self.evidence = EvidenceKeeper(self._evidence_failed)
        self.origin: Callable[[], Origin] = lambda: Origin({})
        self._intrinsics: Intrinsics | None = None
        self._kind = ""
        self._subscription: Subscription | None = None
        self._worker: StageWorker[Delivery] | None = None
        self._index, self._stream, self._size = 0, 0, (0, 0)
        self._frames = self.create_lifecycle_publisher(msg.CameraFrame, "~/out/frames", RESULT)
        self.create_subscription(CameraInfo, "~/in/camera_info", self._on_camera_info, CAMERA_IN)
        self.create_subscription(msg.Risk, "~/in/risk", self._on_risk, RISK)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(LOOK_EVERY_S, self._look_for_camera, clock=steady)

    def settings(self, chosen: PipelineConfig) -> IntakeConfig:
        kept = LiveEvidenceConfig(**asdict(chosen.evidence))
        return IntakeConfig(gate=chosen.gate, evidence=kept)

    def build(self, settings: IntakeConfig) -> None:
        self._gate = InputGate(settings.gate)
        self.overlay.open(settings.overlay_rate)
        self.conductor.open(settings.ladder)
        topic = self.resolve_topic_name("~/in/image")
        self.evidence.open(settings.evidence, topic, lambda: self.origin())
        self._worker = StageWorker("decode", self._see, self._failed)

    def release(self) -> None:
        if self._worker is not None:
            self._worker.stop()
        self._worker = None
        self.overlay.close()
        if not self.evidence.close():
            self.get_logger().error("the evidence folder hangs; its thread is left behind")

    def values(self) -> dict[str, str]:
        dropped = 0 if self._worker is None else self._worker.slot.dropped
        topic = self.resolve_topic_name("~/in/image")
        return {
            "image topic": topic,
            "image type": self._kind or "nobody publishes images there",
            "image size [px]": f"{self._size[0]} x {self._size[1]}",
            "skipped images": str(dropped),
            **self.conductor.values(),
            **self.evidence.values(),
        }

    def _look_for_camera(self) -> None:
        """Subscribe as soon as the topic has a publisher, with the type that it publishes."""
        offered = {info.topic_type for info in self.get_publishers_info_by_topic("~/in/image")}
        if offered and offered.isdisjoint(KINDS):
            text = f"the image topic carries {', '.join(sorted(offered))}; remap ~/in/image"
            self.health.note_fault(text)
        is_silent = "image" in self.inputs.silent(self.limits.silent_s)
        kind = choose_kind(tuple(KINDS), offered, self._kind, is_silent)
        if kind is None:
            return
        self.inputs.expect(*self.heard())  # it gets its time
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
        self._kind = kind
        self._subscription = self.create_subscription(
            KINDS[kind], "~/in/image", self._on_image, CAMERA_IN
        )
        self.get_logger().info(f"images come as {kind} on {self._subscription.topic_name}")

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._intrinsics = intrinsics_of(message)

    def heard(self) -> tuple[str, ...]:
        return ("image", "risk")

    def in_hand(self) -> InHand | None:
        worker = self._worker
        return None if worker is None else worker.in_hand

    def _on_risk(self, message: msg.Risk) -> None:
        self.inputs.note("risk")
        self.evidence.see_risk(risk_from_message(message))

    def _evidence_failed(self, text: str) -> None:
        self.health.note_fault(text)
        self.get_logger().error(text, throttle_duration_sec=1.0)

    def _on_image(self, message: Any) -> None:
        self.inputs.note("image")
        if self.is_active and self._worker is not None:
            now_ns = self.get_clock().now().nanoseconds
            self._worker.slot.put(Delivery(message, now_ns))

    def _see(self, delivery: Delivery) -> None:
        """In the decode thread."""
        started = perf_counter()
        frame = frame_of(delivery.message, self._index, delivery.received_ns, self._intrinsics)
        faults = self._gate.check(frame)
        self._stream += broken(faults)
        self._size = frame.size
        self._announce(frame.stamp_ns, frame.frame_id, faults)
        for fault in faults:
            self.health.note_fault(fault.text)
        self.health.note_done(perf_counter() - started)
        self._pass_on(frame)

    def _pass_on(self, frame: Frame) -> None:
        self.overlay.see_frame(frame)
        self.evidence.see_frame(frame)
        sight = Sight(frame, self._stream)
        for hear in self.listeners:
            hear(sight)
        self.conductor.offer(sight)

    def _announce(self, stamp_ns: int, frame_id: str, faults: tuple[Fault, ...]) -> None:
        """Tell the safety node that an image came, fit to be judged or not."""
        width, height = self._size
        self._frames.publish(
            msg.CameraFrame(
                header=header_at(stamp_ns, frame_id),
                index=self._index,
                width=width,
                height=height,
                faults=faults_to_messages(faults),
            )
        )
        self._index += 1

    def _failed(self, delivery: Delivery, error: Exception) -> None:
        """An image that cannot be read, or a defect here; either way nobody saw the road."""
        code = "input.unreadable" if isinstance(error, BadInput) else "input.failed"
        self.health.note_fault(str(error))
        self.get_logger().error(str(error), throttle_duration_sec=1.0)
        stamp_ns = stamp_of(delivery.message) or delivery.received_ns
        frame_id = delivery.message.header.frame_id or "camera"
        self._announce(stamp_ns, frame_id, (Fault(code, str(error)),))
