"""Who is on the road: LoRAT follows what segmentation blobs of people and vehicles started.

The cost is bounded: at most `max_targets` runs of the network per frame, in one batch, and none
when there is nobody.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from road_clarity.models.lorat import Lorat
from road_clarity.pipeline.backends.network import load
from road_clarity.pipeline.blobs import Candidate, find_objects
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lorat_tracker import LoratTracker
from road_clarity.pipeline.targets import (
    Target,
    TrackerConfig,
    agreements,
    alive,
    unexplained,
)
from road_clarity.safety.scene import Box, Segmentation, Tracks

__all__ = ["TrackStage", "TrackerConfig"]


class TrackStage:
    """Frame and what is where in it -> Tracks."""

    def __init__(self, config: TrackerConfig, device: str) -> None:
        tracker = load(config.weights, Lorat, config, device)
        self.networks = (tracker,)
        self._tracker = LoratTracker(tracker.network, device)
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget all targets; numbers begin again."""
        self._targets: list[Target] = []
        self._next_id = 1

    def run(self, frame: Frame, segmentation: Segmentation | None) -> Tracks:
        """Without a segmentation, targets are followed but none begins."""
        image = torch.from_numpy(frame.image)
        self._follow(image)
        if segmentation is not None:
            self._compare(image, segmentation)
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

    def _follow(self, image: torch.Tensor) -> None:
        answers = self._tracker.find(image, [(one.template, one.box) for one in self._targets])
        for target, answer in zip(self._targets, answers, strict=True):
            target.follow(answer, self._config.min_confidence)

    def _compare(self, image: torch.Tensor, segmentation: Segmentation) -> None:
        """Blobs confirm targets and hold them; where there are more blobs, targets begin."""
        candidates = find_objects(segmentation, self._config)
        matched = agreements(self._targets, candidates, self._config.agree)
        for target in self._targets:
            if target.id in matched:
                target.heed(matched[target.id])
            else:
                target.unseen += 1
        free = self._config.max_targets - len(self._targets)
        newcomers = unexplained(candidates, self._targets, segmentation.size)[:free]
        self._targets += [self._begin(image, candidate) for candidate in newcomers]

    def _begin(self, image: torch.Tensor, candidate: Candidate) -> Target:
        template = self._tracker.remember(image, candidate.box)
        new = Target(self._next_id, candidate.label, candidate.box, template, candidate.score)
        self._next_id += 1
        return new
