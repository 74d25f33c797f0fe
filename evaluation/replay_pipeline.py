"""What replay needs of a pipeline, and what the report needs of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from road_clarity.models.cards import Card
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.evidence.provenance import Origin, parameters_of
from road_clarity.pipeline.frame import Frame

if TYPE_CHECKING:
    from road_clarity.pipeline.perception import Outcome
    from road_clarity.pipeline.presets import PipelineConfig


class Described(Protocol):
    """What a report tells of the pipeline."""

    @property
    def config(self) -> PipelineConfig: ...
    @property
    def cards(self) -> Mapping[str, Card]: ...
    @property
    def runtimes(self) -> Mapping[str, Runtime]: ...


class Pipeline(Described, Protocol):
    """What replay needs of pipeline.perception.Perception."""

    def restart(self) -> None: ...
    def step(self, frame: Frame) -> Outcome: ...


def origin_of(pipeline: Described) -> Origin:
    """What judges the frames of this run."""
    return Origin(
        {name: card.sha256 for name, card in pipeline.cards.items()},
        parameters_of(pipeline.config),
        {name: runtime.as_dict() for name, runtime in pipeline.runtimes.items()},
    )
