"""A network as a lifecycle node: sees the newest frame in its own thread, publishes what it finds.

Frames come from the perception node of the same process, not over a topic: one subscription, one
decode, and inference never holds up the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from road_clarity_msgs import msg
from std_msgs.msg import Header

from road_clarity.nodes.conversions import header_at
from road_clarity.nodes.lifecycle import RoadNode
from road_clarity.nodes.qos import RESULT
from road_clarity.nodes.watchdog import hangs
from road_clarity.pipeline.backends.network import Running
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.in_hand import InHand
from road_clarity.pipeline.perception import pick_device
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.slots import StageWorker
from road_clarity.pipeline.stage_fault import stage_fault
from road_clarity.safety.scene import Fault

STOP_S = 5.0  # how long the image in hand is waited for


@dataclass(frozen=True, eq=False)
class Sight:
    """A frame on its way through the networks of this process."""

    frame: Frame
    stream: int  # changes when what was remembered of earlier frames no longer applies

    @property
    def header(self) -> Header:
        return header_at(self.frame.stamp_ns, self.frame.frame_id)


class StageNode(RoadNode):
    """Subclasses name their part of the preset, make their stage, and publish its results."""

    part: str  # field of PipelineConfig, and of Scene

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # They hear the sight and its part, None when the network failed.
        self.listeners: list[Callable[[Sight, Any], None]] = []
        self.built: Any = None  # the settings that it works with
        self._stage: Any = None
        self._worker: StageWorker[Sight] | None = None
        self._stream = 0
        self._faults = self.create_lifecycle_publisher(msg.StageFault, "~/out/faults", RESULT)

    def make_stage(self, settings: Any, device: str) -> Any:
        """Raises BadInput."""
        raise NotImplementedError

    def infer(self, sight: Sight) -> Any:
        """The part of the scene that this network sees."""
        return self._stage.run(sight.frame)

    def publish(self, part: Any, header: Header) -> None:
        raise NotImplementedError

    @property
    def is_ready(self) -> bool:
        """Whether it would look at a frame now."""
        return self.is_active and self._stage is not None

    def offer(self, sight: Sight) -> bool:
        """A new frame is there.  Never waits; says whether it is going to be looked at."""
        worker = self._worker  # another thread may release it meanwhile
        if not self.is_ready or worker is None:
            return False
        self.inputs.note("image")
        worker.slot.put(sight)
        if hangs(worker.in_hand, self.limits):
            text = f"{self.part} has not come back for {worker.in_hand.lasts_s:.0f} s"
            self._say_fault(sight, Fault(f"{self.part}.hangs", text))
        return True

    def settings(self, chosen: PipelineConfig) -> Any:
        return getattr(chosen, self.part)

    def build(self, settings: Any) -> None:
        self._stage = self.make_stage(settings, pick_device(self.device))
        self.built = settings
        self._worker = StageWorker(self.get_name(), self._see, self._failed)

    def release(self) -> None:
        if self._worker is not None and not self._worker.stop(0.0 if self.is_lost() else STOP_S):
            self.get_logger().error("the network hangs; its thread is left behind")
        self._worker = self._stage = None

    def heard(self) -> tuple[str, ...]:
        return ("image",)

    def in_hand(self) -> InHand | None:
        worker = self._worker
        return None if worker is None else worker.in_hand

    @property
    def networks(self) -> Sequence[Running]:
        """What works here; nothing before it was configured."""
        return () if self._stage is None else self._stage.networks

    def values(self) -> dict[str, str]:
        if self._stage is None or self._worker is None:
            return {}
        told = {"skipped images": str(self._worker.slot.dropped)}
        for one in self._stage.networks:
            told[f"weights {one.card.name}"] = one.card.sha256[:12]
            told[f"{one.card.name} runs on"] = str(one.runtime)
        return told

    def _see(self, sight: Sight) -> None:
        if sight.stream != self._stream:
            self._stage.reset()
            self._stream = sight.stream
        started = perf_counter()
        part = self.infer(sight)
        self.publish(part, sight.header)
        self.health.note_done(perf_counter() - started)
        self._tell(sight, part)

    def _failed(self, sight: Sight, error: Exception) -> None:
        self._say_fault(sight, stage_fault(self.part, error))
        self._tell(sight, None)

    def _say_fault(self, sight: Sight, fault: Fault) -> None:
        self.health.note_fault(fault.text)
        self.get_logger().error(fault.text, throttle_duration_sec=1.0)
        message = msg.Fault(code=fault.code, text=fault.text)
        self._faults.publish(msg.StageFault(header=sight.header, fault=message))

    def _tell(self, sight: Sight, part: Any) -> None:
        for hear in self.listeners:
            hear(sight, part)
