"""Who is on the road: a detector begins and confirms tracks, LoRAT follows whom it misses.

The cost is bounded: one run of the detector and at most `max_searches` of LoRAT per frame, in one
batch; none of these while the detector sees everybody.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from road_clarity.models.fastest_det import FastestDet
from road_clarity.models.lorat import Lorat
from road_clarity.pipeline.backends.network import load
from road_clarity.pipeline.finder import Candidate, Finder
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lorat_tracker import LoratTracker
from road_clarity.pipeline.targets import (
    Target,
    TrackerConfig,
    agreements,
    alive,
    unexplained,
    urgency,
)
from road_clarity.safety.scene import Box, Tracks

__all__ = ["TrackStage", "TrackerConfig"]


class TrackStage:
    """Frame in, Tracks out."""

    def __init__(self, config: TrackerConfig, device: str) -> None:
        tracker = load(config.weights, Lorat, config, device)
        finder = load(config.finder, FastestDet, config, device)
        self.networks = (tracker, finder)
        self._finder = Finder(finder.network, config, device)
        self._tracker = LoratTracker(tracker.network, device)
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget all targets; numbers begin again."""
        self._targets: list[Target] = []
        self._next_id = 1

    def run(self, frame: Frame) -> Tracks:
        image = torch.from_numpy(frame.image)
        there = self._finder.find(frame)
        seen = agreements(self._targets, there, self._config.agree)
        for target in self._targets:
            if target.id in seen:
                target.see(seen[target.id])
        self._search(image, [one for one in self._targets if one.id not in seen], frame.size)
        self._begin_with(image, there, frame.size)
        self._targets = alive(self._targets, frame.size, self._config)
        confirmed = [target.shown() for target in self._targets if target.is_believed(self._config)]
        return Tracks(frame.stamp_ns, tuple(confirmed))

    @torch.inference_mode()
    def features(self, frame: Frame, box: Box) -> tuple[Tensor, Box]:
        """(D, h, w) of the explained layer, looking for what is in the box, and where [px]."""
        image = torch.from_numpy(frame.image)
        inputs, region = self._tracker.question(image, self._tracker.remember(image, box), box)
        _, seen = self.networks[0].explain(*inputs)
        return seen[0], region

    def asker(self, frame: Frame, box: Box) -> Callable[[Frame], Tensor]:
        """Where, in another frame, what is in the box of this one is, as probabilities: (D,)"""
        template = self._tracker.remember(torch.from_numpy(frame.image), box)

        @torch.inference_mode()
        def answer(other: Frame) -> Tensor:
            inputs, _ = self._tracker.question(torch.from_numpy(other.image), template, box)
            said, _ = self.networks[0].explain(*inputs)
            found: Tensor = said.score_map.sigmoid().flatten()
            return found

        return answer

    def _search(self, image: Tensor, missed: list[Target], size: tuple[int, int]) -> None:
        """LoRAT looks for those whom the detector does not see, the most urgent first."""
        missed = sorted(missed, key=lambda one: (-urgency(one, size), one.id))
        asked = missed[: self._config.max_searches]
        answers = self._tracker.find(image, [(one.template, one.box) for one in asked])
        for number, target in enumerate(missed):
            answer = answers[number] if number < len(asked) else None
            target.follow(answer, self._config.min_confidence)

    def _begin_with(self, image: Tensor, there: list[Candidate], size: tuple[int, int]) -> None:
        free = self._config.max_targets - len(self._targets)
        sure = [one for one in there if one.score >= self._config.begin_score]
        newcomers = unexplained(sure, self._targets, size)[:free]
        self._targets += [self._begin(image, candidate) for candidate in newcomers]

    def _begin(self, image: Tensor, candidate: Candidate) -> Target:
        template = self._tracker.remember(image, candidate.box)
        new = Target(self._next_id, candidate.label, candidate.box, template, candidate.score)
        self._next_id += 1
        return new
