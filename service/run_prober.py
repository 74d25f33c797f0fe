"""What-if questions put to the pipeline that judged the run: its settings and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch

from road_clarity.pipeline.counterfactual import FramesFrom, Pasts, Probe, Span, play_ahead, probe
from road_clarity.pipeline.interventions import Intervention
from road_clarity.pipeline.perception import Perception
from road_clarity.pipeline.run_settings import (
    RunSettings,
    other_weights,
    run_otherwise,
    settings_of,
)
from road_clarity.service.errors import not_ready
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.world_explainer import left_s


class RunProber:
    """Every question begins with a pipeline that has seen nothing, or with a past it has run.

    A run that is made again in the same place is met with a pipeline of its own.
    """

    def __init__(self, run: Path) -> None:
        """Raises BadInput when settings or weights cannot be used, Refusal for other weights."""
        torch.set_num_threads(1)  # the other cores belong to the live work
        self._run = run
        self._load(settings_of(run))

    @property
    def sha256(self) -> Mapping[str, str]:
        return {name: card.sha256 for name, card in self._perception.cards.items()}

    @property
    def run_otherwise(self) -> list[str]:
        """Networks that run on something else than during the run, in words."""
        runtimes = self._perception.runtimes.items()
        now = {name: f"{one.backend} {one.precision}" for name, one in runtimes}
        return run_otherwise(self._said.runtimes, now)

    def probe(
        self, frames_from: FramesFrom, span: Span, interventions: Sequence[Intervention],
        deadline: Deadline,
    ) -> Probe:  # fmt: skip
        self._keep_up()
        return probe(
            self._perception, frames_from, span, interventions, lambda: left_s(deadline),
            self._pasts,
        )  # fmt: skip

    def play_ahead(self, frames_from: FramesFrom, span: Span, deadline: Deadline) -> None:
        self._keep_up()
        left = partial(left_s, deadline)
        play_ahead(self._perception, frames_from, span, left, self._pasts)

    def _keep_up(self) -> None:
        said = settings_of(self._run)
        if said != self._said:
            self._load(said)

    def _load(self, said: RunSettings) -> None:
        perception = Perception(said.config, "cpu")
        now = {name: card.sha256 for name, card in perception.cards.items()}
        if differing := other_weights(said.models, now):
            text = f"the run was judged with other weights: {', '.join(differing)}; replay it again"
            raise not_ready("OTHER_WEIGHTS", text)
        self._perception, self._said, self._pasts = perception, said, Pasts()
