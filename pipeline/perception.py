"""The streaming core: one Frame in, one Scene and its Risk out.  Everything offline runs this."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

import torch

from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.network import Running
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.calibration_file import promise_for
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
    """All stages in turn on every frame.  No clock decides anything: same frames, same outcome."""

    def __init__(self, config: PipelineConfig, device: str = "auto") -> None:
        device = pick_device(device)
        self.config = config
        self._gate = InputGate(config.gate)
        self._lanes = LaneStage(config.lanes, device)
        self._segmentation = SegmentationStage(config.segmentation, device)
        self._tracks = TrackStage(config.tracks, device)
        self._world = WorldStage(config.world, device)
        self._unknown = self._scorers()
        sha256 = {name: card.sha256 for name, card in self.cards.items()}
        self._watch = Watch(config.safety, promise_for(config.safety, sha256))

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
        return stage if stage.knows(one.card.name for one in self.networks) else None

    def reset(self) -> None:
        """Forget earlier frames."""
        self._tracks.reset()
        self._world.reset()
        self._watch.reset()

    def restart(self) -> None:
        """Begin another recording: the input gate forgets the last one, too."""
        self._gate = InputGate(self.config.gate)
        self.reset()

    def fork(self) -> Perception:
        """Another with the same memory of earlier frames, which goes its own way from here."""
        shared = [part for one in self.networks for part in (one, one.network)]
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
        run = Run()
        with run.timed("total"):
            with run.timed("gate"):
                run.faults += self._gate.check(frame)
                if broken(tuple(run.faults)):
                    self.reset()
            lanes = run.part("lanes", lambda: self._lanes.run(frame))
            classes = run.part("segmentation", lambda: self._segmentation.run(frame))
            tracks = run.part("tracks", lambda: self._tracks.run(frame))
            world = run.part("world", lambda: self._world.run(frame))
            unknown = None
            if (scorers := self._unknown) is not None:
                unknown = run.part("unknown", lambda: scorers.run(frame, lanes, classes, world))
            scene = Scene(
                frame.index,
                frame.stamp_ns,
                frame.size,
                lanes,
                classes,
                tracks,
                world,
                tuple(run.faults),
                unknown,
            )
            scene = told(scene)
            with run.timed("safety"):
                risk = self._watch.assess(scene, frame.stamp_ns)
        return Outcome(scene, risk, run.latency_ms)


@dataclass
class Run:
    """What happened while one frame went through."""

    faults: list[Fault] = field(default_factory=list)
    latency_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        finally:
            self.latency_ms[stage] = (perf_counter() - started) * 1e3

    def part(self, stage: str, work: Callable[[], Part]) -> Part | None:
        """The stage's result, or None and a fault: however a network fails, the risk is told."""
        with self.timed(stage):
            try:
                return work()
            except Exception as error:
                self.faults.append(stage_fault(stage, error))
                return None


def pick_device(name: str) -> str:
    """'auto' is the GPU where there is one.  Raises BadInput for a device that is not there."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise BadInput("device", name, "not available here; use auto, cpu or cuda") from error
    return name
