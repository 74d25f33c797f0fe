"""The overlay picture as topics: drawn in a thread of its own, and only while somebody looks.

RViz shows a JPEG only on a topic called .../compressed, so that there is a raw picture as well.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from road_clarity_msgs import msg
from sensor_msgs.msg import CompressedImage, Image

from road_clarity.nodes.assembly import PartMemory, without_late
from road_clarity.nodes.conversions import header_at, risk_from_message
from road_clarity.nodes.pictures import to_image, to_jpeg
from road_clarity.nodes.qos import PICTURE, RISK
from road_clarity.nodes.stage_node import Sight
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.overlay import draw_overlay
from road_clarity.pipeline.slots import StageWorker
from road_clarity.safety.ladder import Rung
from road_clarity.safety.scene import Risk
from road_clarity.safety.watch import without_unreadable

KEPT_FRAMES = 12  # until their risk is known
JPEG_QUALITY = 80


class Overlay:
    """Hears frames, parts and risks; draws the frame that a risk speaks of."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._frames: deque[Frame] = deque(maxlen=KEPT_FRAMES)
        self._parts = PartMemory()
        self._worker: StageWorker[Risk] | None = None
        self._period_s, self._drawn_s = 0.0, 0.0
        self._is_wanted = True
        self._jpegs = node.create_publisher(CompressedImage, "~/out/overlay", PICTURE)
        self._images = node.create_publisher(Image, "~/out/overlay_image", PICTURE)
        node.create_subscription(msg.Risk, "~/in/risk", self._on_risk, RISK)

    def open(self, rate: float) -> None:
        """rate: most pictures per second [1/s]"""
        self._period_s = 1.0 / rate
        self._worker = StageWorker("overlay", self._draw, self._failed)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.stop()
        self._worker = None

    def see_rung(self, rung: Rung) -> None:
        """Under load nobody draws."""
        self._is_wanted = rung > Rung.NO_EXPLANATION

    def see_frame(self, frame: Frame) -> None:
        with self._lock:
            if self._is_wanted and self._is_seen():
                self._frames.append(frame)
            else:
                self._frames.clear()

    def _is_seen(self) -> bool:
        """Whether anybody looks at either picture."""
        both = (self._jpegs, self._images)
        return any(one.get_subscription_count() > 0 for one in both)

    def listener(self, name: str) -> Callable[[Sight, Any], None]:
        """What a stage node tells its results of kind `name` to."""

        def hear(sight: Sight, part: Any) -> None:
            if part is not None:
                with self._lock:
                    self._parts.add(name, part)

        return hear

    def _on_risk(self, message: msg.Risk) -> None:
        now_s = time.monotonic()
        if self._worker is not None and self._frames and now_s - self._drawn_s >= self._period_s:
            self._drawn_s = now_s
            self._worker.slot.put(risk_from_message(message))

    def _draw(self, risk: Risk) -> None:
        with self._lock:
            frame = next((one for one in self._frames if one.stamp_ns == risk.stamp_ns), None)
            if frame is None:
                return
            scene = self._parts.scene(frame.index, frame.stamp_ns, frame.size, ())
        scene, _ = without_unreadable(without_late(scene))
        header = header_at(frame.stamp_ns, frame.frame_id)
        picture = draw_overlay(frame, scene, risk)
        if self._jpegs.get_subscription_count():
            self._jpegs.publish(to_jpeg(picture, JPEG_QUALITY, header))
        if self._images.get_subscription_count():
            self._images.publish(to_image(picture, "rgb8", header))

    def _failed(self, risk: Risk, error: Exception) -> None:
        self._node.get_logger().error(f"no overlay: {error}", throttle_duration_sec=1.0)
