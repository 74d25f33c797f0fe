"""Nominal footage as clips: recordings, run folders and simulated streets, cut and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from road_clarity.evaluation.sources import open_source
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import Row, frame_row
from road_clarity.pipeline.label_reader import LabelReader
from road_clarity.pipeline.reviewed_run import require_said_nominal, without_true_risks
from road_clarity.pipeline.run_clips import Cut, clips_of_run, cut, made_with
from road_clarity.pipeline.run_folder import is_run
from road_clarity.safety.calibration import alarm_parameters

if TYPE_CHECKING:
    from road_clarity.pipeline.perception import Perception

WARM_UP_S = 1.2  # of a simulated street, before its clip begins


@dataclass(frozen=True)
class Footage:
    """Clips, and what judged them."""

    cut: Cut
    models: Mapping[str, str]  # name -> sha256 of the weights
    parameters: dict[str, Any]  # of the safety side


class Judge:
    """Collects clips; a pipeline is built only for what was not judged before."""

    def __init__(
        self, clip_s: float, condition: str, pipeline: Callable[[], Perception],
        labels: LabelReader | None = None, nominal: bool = True,
    ) -> None:  # fmt: skip
        """labels: reads those of the runs

        nominal: without labels, all is said to be; else true risks are left out
        """
        self._labels, self._nominal = labels, nominal
        self._clip_s, self._condition, self._make = clip_s, condition, pipeline
        self._pipeline: Perception | None = None
        self._made: tuple[str, Mapping[str, str], dict[str, Any]] | None = None
        self._cut = Cut((), 0)

    def see(self, source: Path) -> None:
        """A video, image folder, bag, or a run folder of a replay.  Raises BadInput."""
        if is_run(source):
            self._require_alike(str(source), *made_with(source))
            self._cut += self._clips_that_count(source)
        elif self._labels is not None:
            remedy = "has no labels: --reviewed takes run folders; replay it and label its events"
            raise BadInput("source", source, remedy)
        else:
            opened = open_source(source)
            self.see_frames(opened.name, opened.frames)

    def see_street(self, story: str, seed: int, fps: float) -> None:
        """One clip of a simulated street.  Raises BadInput."""
        try:
            from road_clarity.training.simulator.film import simulate
        except ImportError as error:
            raise BadInput("panda3d", error, "pip install 'road_clarity[simulator]'") from error
        seconds = self._clip_s + WARM_UP_S
        shots = simulate(seed, story, fps=fps, seconds=seconds)
        frames = (Frame(index, shot.stamp_ns, shot.image) for index, shot in enumerate(shots))
        self.see_frames(f"{story}_{seed}", frames, most=1)

    def see_frames(self, name: str, frames: Iterable[Frame], most: int | None = None) -> None:
        """most: clips to take"""
        pipeline = self._judging(name)
        pipeline.restart()
        found = cut(judged(pipeline, frames), name, self._clip_s, self._condition)
        self._cut += Cut(found.clips[:most], 0 if most else found.dropped)

    def footage(self) -> Footage:
        """Raises BadInput when nothing was seen."""
        if self._made is None:
            raise BadInput("source", "none", "give recordings, run folders or --seeds")
        _, models, parameters = self._made
        return Footage(self._cut, models, parameters)

    def _clips_that_count(self, run: Path) -> Cut:
        if self._labels is None and self._nominal:
            require_said_nominal(run)
        found = clips_of_run(run, self._clip_s, self._condition)
        if self._labels is not None:
            return self._labels.see(run, found)
        return found if self._nominal else without_true_risks(run, found)

    def _judging(self, name: str) -> Perception:
        if self._pipeline is None:
            self._pipeline = self._make()
            models = {one: card.sha256 for one, card in self._pipeline.cards.items()}
            self._require_alike(name, models, alarm_parameters(self._pipeline.config.safety))
        return self._pipeline

    def _require_alike(
        self, name: str, models: Mapping[str, str], parameters: dict[str, Any]
    ) -> None:
        """Raises BadInput: scores of different weights or settings say nothing about each other."""
        if self._made is None:
            self._made = name, models, parameters
        elif self._made[1:] != (models, parameters):
            remedy = f"was judged with other weights or settings than {self._made[0]}; replay both"
            raise BadInput("source", name, remedy)


def judged(pipeline: Perception, frames: Iterable[Frame]) -> Iterator[Row]:
    for frame in frames:
        outcome = pipeline.step(frame)
        yield frame_row(outcome.scene, outcome.risk, {})
