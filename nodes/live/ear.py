"""Hears what the system says: when, about which image, and in which state."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import rclpy
from rclpy.executors import SingleThreadedExecutor
from road_clarity_msgs import msg
from sensor_msgs.msg import CameraInfo, CompressedImage

from road_clarity.nodes.conversions import LEVEL_NAMES, rung_of, stamp_of
from road_clarity.nodes.qos import PICTURE, RESULT, RISK
from road_clarity.safety.ladder import Rung


class Viewer(IntEnum):
    """Who listens beside the vehicle: nothing is explained or drawn for nobody."""

    NOBODY = 0
    READS = 1  # explanations
    LOOKS = 2  # at the overlay as well


@dataclass(frozen=True)
class HeardRisk:
    """One message of the risk topic.  Times of the system's clock [ns]."""

    heard_ns: int
    stamp_ns: int
    level: str
    rung: Rung
    ages_s: dict[str, float]  # by part
    codes: tuple[str, ...]


@dataclass
class Heard:
    """All of a stretch of time.  Stamps of images [ns]."""

    images: set[int] = field(default_factory=set)  # that the camera took
    received: set[int] = field(default_factory=set)  # that the perception node got
    rounds: dict[int, tuple[str, ...]] = field(default_factory=dict)  # parts that were to come
    risks: list[HeardRisk] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)  # tracks per message
    explained: int = 0  # images whose reasons were published with the error map
    traced: int = 0  # images that were traced to layer and feature maps
    pictures: int = 0


PARTS = ("lanes", "segmentation", "tracks", "world", "unknown")


class Ear:
    """A node that listens, as the viewer does whose place it takes."""

    def __init__(self, viewer: Viewer) -> None:
        self.heard = Heard()
        self._node = rclpy.create_node("ear")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        listen = self._node.create_subscription
        listen(CameraInfo, "/camera/camera_info", self._on_camera_info, RESULT)
        listen(msg.CameraFrame, "/perception/out/frames", self._on_frame, RESULT)
        listen(msg.Round, "/perception/out/rounds", self._on_round, RESULT)
        listen(msg.TrackArray, "/tracker/out/tracks", self._on_tracks, RESULT)
        listen(msg.Risk, "/safety/out/risk", self._on_risk, RISK)
        if viewer >= Viewer.READS:
            listen(msg.Explanation, "/safety/out/explanation", self._on_explanation, RESULT)
            listen(msg.Explanation, "/explainer/out/explanation", self._on_finding, RESULT)
        if viewer >= Viewer.LOOKS:
            listen(CompressedImage, "/perception/out/overlay", self._on_picture, PICTURE)

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()

    def listen(self, seconds: float, until: Callable[[Heard], bool] = lambda heard: False) -> bool:
        """For so long, or until it is so; whether it became so."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._executor.spin_once(timeout_sec=0.02)
            if until(self.heard):
                return True
        return until(self.heard)

    def _on_camera_info(self, message: CameraInfo) -> None:
        self.heard.images.add(stamp_of(message.header))

    def _on_frame(self, message: msg.CameraFrame) -> None:
        self.heard.received.add(stamp_of(message.header))

    def _on_round(self, message: msg.Round) -> None:
        self.heard.rounds[stamp_of(message.header)] = tuple(message.parts)

    def _on_tracks(self, message: msg.TrackArray) -> None:
        self.heard.targets.append(len(message.tracks))

    def _on_risk(self, message: msg.Risk) -> None:
        ages = {part: float(getattr(message, f"{part}_age_s")) for part in PARTS}
        codes = tuple(reason.code for reason in message.reasons)
        self.heard.risks.append(
            HeardRisk(
                time.time_ns(), stamp_of(message.header), LEVEL_NAMES[message.level],
                rung_of(message.rung), ages, codes,
            )
        )  # fmt: skip

    def _on_explanation(self, message: msg.Explanation) -> None:
        self.heard.explained += 1

    def _on_finding(self, message: msg.Explanation) -> None:
        self.heard.traced += 1

    def _on_picture(self, message: CompressedImage) -> None:
        self.heard.pictures += 1
