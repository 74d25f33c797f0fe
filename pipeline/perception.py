"""The streaming core: one Frame in, one Scene and its Risk out.  Everything offline runs this."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Generic, TypeVar

import torch

from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.network import Running
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.calibration_file import promise_for
from road_clarity.pipeline.cores import NETWORKS, use_threads
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.gate import InputGate, broken
from road_clarity.pipeline.lanes import LaneStage
from road_clarity.pipeline.presets import PipelineConfig, override, preset
from road_clarity.pipeline.segmentation import SegmentationStage
from road_clarity.pipeline.stage_fault import stage_fault
from road_clarity.pipeline.tracking import TrackStage
from road_clarity.pipeline.unknown import UnknownStage
from road_clarity.pipeline.world import WorldStage
from road_clarity.safety.scene import Fault, Risk, Scene
from road_clarity.safety.watch import Watch

Part = TypeVar("Part")


@dataclass(frozen=True, eq=False)
class Outcome:
    scene: Scene
    risk: Risk
    latency_ms: dict[str, float]  # by stage, and in all


class Perception:
    """All stages on every frame, the networks side by side.

    No clock decides anything: same frames, same outcome.
    """

    def __init__(self, config: PipelineConfig, device: str = "auto", threads: int = 1) -> None:
        """threads: of each network"""
        device = pick_device(device)
        use_threads(threads)
        self._threads = ThreadPoolExecutor(NETWORKS, "network")
        self.config = config
        self._gate = InputGate(config.gate)
        self._lanes = LaneStage(config.lanes, device)
        self._segmentation = SegmentationStage(config.segmentation, device)
        self._tracks = TrackStage(config.tracks, device)
        self._world = WorldStage(config.world, device)
        self._unknown = self._scorers()
        sha256 = {name: card.sha256 for name, card in self.cards.items()}
        self._promise = promise_for(config.safety, sha256)  # as it is before the first frame
        self._watch = self._fresh_watch()

    @classmethod
    def from_preset(
        cls, name: str = "edge", device: str = "auto", settings: Sequence[str] = ()
    ) -> Perception:
        """settings: 'part.field=value' each.  Raises BadInput."""
        return cls(override(preset(name), settings), device)

    @property
    def cards(self) -> dict[str, Card]:
        """The model card of every set of weights in use, by name."""
        cards = [one.card for one in self.networks]
        if self._unknown is not None:
            cards.append(self._unknown.card)
        return {card.name: card for card in cards}

    @property
    def runtimes(self) -> dict[str, Runtime]:
        """What runs them, by the same names."""
        found = {one.card.name: one.runtime for one in self.networks}
        if self._unknown is not None:
            found[self._unknown.card.name] = self._unknown.runtime
        return found

    @property
    def networks(self) -> list[Running]:
        stages = (self._lanes, self._segmentation, self._tracks, self._world)
        return [one for stage in stages for one in stage.networks]

    def _scorers(self) -> UnknownStage | None:
        """None where there are none, or none that know the networks in use."""
        if not self.config.unknown.weights:
            return None
        stage = UnknownStage(self.config.unknown)
        return stage if stage.knows(one.card for one in self.networks) else None

    def reset(self) -> None:
        """Forget earlier frames."""
        self._tracks.reset()
        self._world.reset()
        self._watch.reset()

    def restart(self) -> None:
        """Begin another recording: from here on everything is as if this were the first one."""
        self._gate = InputGate(self.config.gate)
        self.reset()
        self._watch = self._fresh_watch()

    def _fresh_watch(self) -> Watch:
        """One whose promise has seen no clip yet."""
        return Watch(self.config.safety, copy.deepcopy(self._promise))

    def fork(self) -> Perception:
        """Another with the same memory of earlier frames, which goes its own way from here."""
        shared: list[Any] = [part for one in self.networks for part in (one, one.network)]
        shared.append(self._threads)
        return copy.deepcopy(self, {id(part): part for part in shared})

    def judge(self, scene: Scene) -> Risk:
        """The risk of a scene that was seen by another fork."""
        if broken(scene.faults):
            self._watch.reset()
        return self._watch.assess(scene, scene.stamp_ns)

    def step(self, frame: Frame, told: Callable[[Scene], Scene] = lambda scene: scene) -> Outcome:
        """Everything about one frame.  A stage that fails leaves no part, but a fault, behind.

        told: what the watch is told instead of the scene that was seen, for what-if questions.
        """
        took, started = {}, perf_counter()
        faults = list(self._gate.check(frame))
        if broken(tuple(faults)):
            self.reset()
        took["gate"] = since(started)
        seen = self._side_by_side(frame)
        lanes, classes, tracks, world = (one.part for one in seen)
        unknown = None
        if (scorers := self._unknown) is not None:
            look = attempt("unknown", partial(scorers.run, frame, lanes, classes, world))
            seen, unknown = [*seen, look], look.part
        for one in seen:
            faults += one.faults
            took[one.stage] = one.took_ms
        scene = told(
            Scene(
                frame.index, frame.stamp_ns, frame.size, lanes, classes, tracks, world,
                tuple(faults), unknown,
            )
        )  # fmt: skip
        judged = perf_counter()
        risk = self._watch.assess(scene, frame.stamp_ns)
        took["safety"], took["total"] = since(judged), since(started)
        return Outcome(scene, risk, took)

    def _side_by_side(self, frame: Frame) -> list[Look[Any]]:
        """What lanes, segmentation, tracks and world model make of it, in this order."""
        stages = {
            "lanes": self._lanes,
            "segmentation": self._segmentation,
            "tracks": self._tracks,
            "world": self._world,
        }
        looks = [
            self._threads.submit(attempt, name, partial(stage.run, frame))  # type: ignore[attr-defined]
            for name, stage in stages.items()
        ]
        return [look.result() for look in looks]


@dataclass(frozen=True, eq=False)
class Look(Generic[Part]):
    """What became of a frame in one stage: a part of the scene or a fault, and when."""

    stage: str
    part: Part | None
    faults: tuple[Fault, ...]
    took_ms: float


def attempt(stage: str, work: Callable[[], Part]) -> Look[Part]:
    """However a network fails, the risk is told."""
    started = perf_counter()
    try:
        return Look(stage, work(), (), since(started))
    except Exception as error:
        return Look(stage, None, (stage_fault(stage, error),), since(started))


def since(started: float) -> float:
    """[ms]"""
    return (perf_counter() - started) * 1e3


def pick_device(name: str) -> str:
    """'auto' is the GPU where there is one.  Raises BadInput for a device that is not there."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise BadInput("device", name, "not available here; use auto, cpu or cuda") from error
    return name
