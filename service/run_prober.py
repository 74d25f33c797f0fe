"""What-if questions put to the pipeline that the service has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from road_clarity.pipeline.counterfactual import FramesFrom, Probe, Span, probe
from road_clarity.pipeline.interventions import Intervention
from road_clarity.pipeline.perception import Perception
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.world_explainer import left_s


class RunProber:
    """Every question begins with a pipeline that has seen nothing."""

    def __init__(self, config: PipelineConfig | None = None) -> None:
        """Raises BadInput when the weights cannot be used."""
        torch.set_num_threads(1)  # the other cores belong to the live work
        self._perception = Perception(config or PipelineConfig(), "cpu")

    @property
    def sha256(self) -> Mapping[str, str]:
        return {name: card.sha256 for name, card in self._perception.cards.items()}

    def probe(
        self, frames_from: FramesFrom, span: Span, interventions: Sequence[Intervention],
        deadline: Deadline,
    ) -> Probe:  # fmt: skip
        return probe(self._perception, frames_from, span, interventions, lambda: left_s(deadline))
