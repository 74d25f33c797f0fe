"""The safety node: a risk for every image, "unknown" without images.  What risk is: safety.watch.

It handles small messages only and runs in a process of its own, so no network can hold it up.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from road_clarity_msgs import msg
from sensor_msgs.msg import Image

from road_clarity.nodes import conversions as convert
from road_clarity.nodes.assembly import SceneAssembly
from road_clarity.nodes.health import Condition, Severity
from road_clarity.nodes.lifecycle import RoadNode
from road_clarity.nodes.metrics import RiskMetrics
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.process import run
from road_clarity.nodes.proof_of_life import ProofOfLife
from road_clarity.nodes.qos import RESULT, RISK
from road_clarity.nodes.settings import SafetyNodeConfig
from road_clarity.pipeline.calibration_file import promise_for
from road_clarity.pipeline.gate import broken
from road_clarity.pipeline.metrics_page import serve
from road_clarity.pipeline.presets import PipelineConfig, weight_names
from road_clarity.pipeline.weights import read_card
from road_clarity.safety.event_table import PARTS
from road_clarity.safety.ladder import AgeLadder, Rung
from road_clarity.safety.scene import Fault, Promise, Risk, Scene
from road_clarity.safety.watch import Watch

LOOK_EVERY_S = 0.04  # for images that are out of patience, and for silence
EARLY_S = 0.2  # how far the camera's clock may be ahead of ours
LAST_WORD = Duration(seconds=0.5)  # how long a subscriber may take to confirm it
UNKNOWN_SIZE = (1280, 720)  # until the first image came [px]


class SafetyNode(RoadNode):
    """Images, parts and faults in; risk and explanations out.  Unknown while it is not active."""

    def __init__(self) -> None:
        super().__init__("safety")
        self._proof = ProofOfLife()
        self._settings = SafetyNodeConfig()
        self._watch, self._assembly = Watch(self._settings.safety), SceneAssembly(0.0)
        self._last = Scene(0, 0, UNKNOWN_SIZE, None, None, None, None, ())
        self._frame_id = "camera"
        self._told_s = self._image_s = time.monotonic()
        self._risk: Risk | None = None
        self._load, self._rung = Rung.FULL, Rung.UNKNOWN  # of the networks' process, and in all
        self._ages = AgeLadder(self._settings.fresh, self._settings.safety.hold_s)
        self._metrics, self._stop_metrics = RiskMetrics(), nothing
        # No lifecycle publisher: that would be silent when the node is not active.
        self._risks = self.create_publisher(msg.Risk, "~/out/risk", RISK)
        self._explanations = self.create_publisher(msg.Explanation, "~/out/explanation", RESULT)
        self._subscribe()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(LOOK_EVERY_S, self._look, clock=steady)

    def _subscribe(self) -> None:
        for kind, topic, callback in (
            (msg.CameraFrame, "frames", self._on_frame),
            (msg.LaneArray, "lanes", self._on_lanes),
            (Image, "segmentation", self._on_segmentation),
            (msg.TrackArray, "tracks", self._on_tracks),
            (msg.World, "world", self._on_world),
            (msg.Unknown, "unknown", self._on_unknown),
            (msg.Round, "rounds", self._on_round),
            (msg.StageFault, "faults", self._on_fault),
        ):
            self.create_subscription(kind, f"~/in/{topic}", self._noted(topic, callback), RESULT)

    def _noted(self, topic: str, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        def hear(message: Any) -> None:
            self.inputs.note(topic)
            callback(message)

        return hear

    def heard(self) -> tuple[str, ...]:
        return ("frames", *PARTS)

    def settings(self, chosen: PipelineConfig) -> SafetyNodeConfig:
        self._weights = weight_names(chosen)
        return SafetyNodeConfig(safety=chosen.safety)

    def build(self, settings: SafetyNodeConfig) -> None:
        self._settings = settings
        models = {}
        if settings.safety.calibration:
            models = {name: read_card(name).sha256 for name in self._weights}
        promise = promise_for(settings.safety, models)
        self._watch = Watch(settings.safety, promise)
        self._assembly = SceneAssembly(settings.patience)
        self._ages = AgeLadder(settings.fresh, settings.safety.hold_s)
        if settings.metrics_port:
            _, self._stop_metrics = serve(
                self._metrics.registry, settings.metrics_port, "set another metrics_port"
            )

    def release(self) -> None:
        """What was built is small and may stay; the port may not."""
        self._stop_metrics()
        self._stop_metrics = nothing

    def stop(self) -> None:
        super().stop()
        self._say_unknown(Fault("safety.stopped", "the safety node was stopped"))
        self._risks.wait_for_all_acked(LAST_WORD)

    # What comes in -------------------------------------------------------------------------------

    def _on_frame(self, message: msg.CameraFrame) -> None:
        stamp_ns, size = convert.stamp_of(message.header), (message.width, message.height)
        faults = tuple(map(convert.fault_from_message, message.faults))
        faults += early(stamp_ns, self.get_clock().now().nanoseconds)
        if broken(faults):
            self._judge(self._assembly.ready(float("inf")))
            self._assembly.forget()
            self._watch.reset()
        self._image_s, self._frame_id = time.monotonic(), message.header.frame_id
        self._last = Scene(message.index, stamp_ns, size, None, None, None, None, ())
        self._assembly.see_image(message.index, stamp_ns, size, faults, self._image_s)
        self._look()

    def _on_lanes(self, message: msg.LaneArray) -> None:
        self._on_part("lanes", convert.lanes_from_message(message))

    def _on_segmentation(self, message: Image) -> None:
        part = convert.segmentation_from_message(message, self._last.size)
        self._on_part("segmentation", part)

    def _on_tracks(self, message: msg.TrackArray) -> None:
        self._on_part("tracks", convert.tracks_from_message(message))

    def _on_world(self, message: msg.World) -> None:
        self._on_part("world", convert.world_from_message(message))

    def _on_unknown(self, message: msg.Unknown) -> None:
        self._on_part("unknown", convert.unknown_from_message(message))

    def _on_round(self, message: msg.Round) -> None:
        self._load = convert.rung_of(message.rung)
        self._assembly.see_round(convert.stamp_of(message.header), message.parts)
        self._look()

    def _on_part(self, name: str, part: Any) -> None:
        self._assembly.see_part(name, part)
        self._look()

    def _on_fault(self, message: msg.StageFault) -> None:
        fault = convert.fault_from_message(message.fault)
        self._assembly.see_fault(convert.stamp_of(message.header), fault)
        self._look()

    # What goes out -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Judge what can be judged; break the silence when nothing could be for too long."""
        now_s = time.monotonic()
        self._judge(self._assembly.ready(now_s))
        if now_s - self._told_s >= self._settings.silence:
            self._judge(self._assembly.ready(float("inf")))  # there is no more time to wait
        if now_s - self._told_s < self._settings.silence:
            return
        if not self.is_active:
            self._say_unknown(Fault("safety.inactive", "the safety node is not active"))
        else:
            text = f"no image has come for {now_s - self._image_s:.1f} s"
            self._say_unknown(Fault("input.missing", text))

    def _judge(self, scenes: list[Scene]) -> None:
        for scene in scenes if self.is_active else ():
            self._tell(scene)
            latency_ns = self.get_clock().now().nanoseconds - scene.stamp_ns
            self.health.note_done(latency_ns * 1e-9)

    def _say_unknown(self, fault: Fault) -> None:
        last = self._last
        self._tell(Scene(last.index, last.stamp_ns, last.size, None, None, None, None, (fault,)))

    def _tell(self, scene: Scene) -> None:
        now_ns = self.get_clock().now().nanoseconds
        self._risk = risk = self._watch.assess(scene, now_ns)
        self._rung = self._ages.step(
            now_ns, risk.level != "unknown", oldest_s(scene, now_ns), self._load
        )
        header = convert.header_at(scene.stamp_ns, self._frame_id)
        self._metrics.tell(risk, self._rung, (now_ns - scene.stamp_ns) * 1e-9)
        self._risks.publish(convert.risk_to_message(risk, scene, now_ns, header, self._rung))
        self._told_s = time.monotonic()
        if risk.level in ("elevated", "high") and self._load > Rung.NO_EXPLANATION:
            self._explain(risk, scene)
        self._proof.give()

    def _explain(self, risk: Risk, scene: Scene) -> None:
        header = convert.header_at(scene.stamp_ns, self._frame_id)
        heat = None if scene.world is None else scene.world.error_map
        self._explanations.publish(
            msg.Explanation(
                header=header,
                method="reconstruction_error",
                reasons=[convert.reason_to_message(reason) for reason in risk.reasons],
                heat=to_image(heat, "32FC1", header),
            )
        )

    # How it is doing -----------------------------------------------------------------------------

    def condition(self) -> Condition:
        """An unknown risk is an error of the system, whatever its cause."""
        found = super().condition()
        if not self.is_active or self._risk is None or self._risk.level != "unknown":
            return found
        codes = ", ".join(sorted({reason.code for reason in self._risk.reasons}))
        return Condition(Severity.ERROR, f"risk unknown: {codes}", found.values)

    def values(self) -> dict[str, str]:
        if self._risk is None:
            return {}
        told = {"level": self._risk.level, "score": f"{self._risk.score:.3f}"}
        told["rung"] = self._rung.name
        return told | promise_values(self._risk.promise)


def nothing() -> None:
    """What ends metrics that nobody fetches."""


def promise_values(promise: Promise) -> dict[str, str]:
    """Lines of the diagnostics; nothing is left out, so that no tool takes an old value for new."""
    values = {
        "state": promise.state,
        "p_value": None if promise.p_value is None else f"{promise.p_value:.4f}",
        "alpha": promise.alpha,
        "calibration_id": promise.calibration_id,
        "text": promise.text,
    }
    return {f"promise {key}": "" if one is None else str(one) for key, one in values.items()}


def oldest_s(scene: Scene, now_ns: int) -> float:
    """Age of the oldest part [s]; nan when one is missing."""
    ages = [convert.age_s(getattr(scene, name), now_ns) for name in PARTS]
    return math.nan if any(map(math.isnan, ages)) else max(ages)


def early(stamp_ns: int, now_ns: int) -> tuple[Fault, ...]:
    """An image from the future would never be late; nor would any, without a promised /clock."""
    ahead_s = (stamp_ns - now_ns) * 1e-9
    if ahead_s <= EARLY_S:
        return ()
    text = f"the image's stamp is {ahead_s:.1f} s ahead of the clock"
    return (Fault("input.clock", text),)


def main() -> int:
    return run(lambda: [SafetyNode()])


if __name__ == "__main__":
    raise SystemExit(main())
