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
    followed,
    perhaps,
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
        self.seen: list[Candidate] = []  # by the detector in the last frame
        self._next_id = self._next_guess = 1
        self._stamp_ns: int | None = None

    def run(self, frame: Frame) -> Tracks:
        image = torch.from_numpy(frame.image)
        there = self.seen = self._finder.find(frame)
        self._move(frame.stamp_ns)
        missed = self._see(there)
        self._search(image, missed, frame.size)
        self._begin_with(there, frame.size)
        self._follow_sure(image, frame.size)
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

    def _move(self, stamp_ns: int) -> None:
        """Everybody goes on as before until this frame's moment."""
        passed_s = (stamp_ns - (self._stamp_ns or stamp_ns)) * 1e-9
        for target in self._targets:
            target.move(passed_s)
        self._stamp_ns = stamp_ns

    def _see(self, there: list[Candidate]) -> list[Target]:
        """Everybody learns what the detector says.  Returns those followed whom it does not see."""
        seen: dict[int, Candidate] = {}
        missed: list[Target] = []
        for group in (followed(self._targets), perhaps(self._targets)):
            left = [one for one in there if one not in seen.values()]
            seen |= agreements(group, left, self._config.agree)
        for target in self._targets:
            if target.id in seen:
                target.see(seen[target.id])
                target.weigh(seen[target.id].score, self._config)
            elif target.template is None:
                target.follow(None, self._config.min_confidence)
            else:
                missed.append(target)
        return missed

    def _search(self, image: Tensor, missed: list[Target], size: tuple[int, int]) -> None:
        """LoRAT looks for those whom the detector does not see, the most urgent first."""
        missed = sorted(missed, key=lambda one: (-urgency(one, size), one.id))
        asked = missed[: self._config.max_searches]
        known = [(one.template, one.box) for one in asked if one.template is not None]
        answers = self._tracker.find(image, known)
        for number, target in enumerate(missed):
            answer = answers[number] if number < len(asked) else None
            target.follow(answer, self._config.min_confidence)

    def _begin_with(self, there: list[Candidate], size: tuple[int, int]) -> None:
        """Perhaps somebody is where no target explains what the detector sees."""
        free = self._config.max_targets - len(perhaps(self._targets))
        likely = [one for one in there if one.score >= self._config.maybe_score]
        for one in unexplained(likely, self._targets, size)[:free]:
            new = Target(-self._next_guess, one.label, one.box, None, one.score)
            new.evidence = self._config.excess(one.label, one.score)
            self._next_guess += 1
            self._targets.append(new)

    def _follow_sure(self, image: Tensor, size: tuple[int, int]) -> None:
        """Those who are there beyond doubt become tracks, the most urgent first."""
        free = self._config.max_targets - len(followed(self._targets))
        sure = [one for one in perhaps(self._targets) if one.is_there(self._config, size[1])]
        for target in sorted(sure, key=lambda one: (-urgency(one, size), -one.id))[: max(free, 0)]:
            target.template = self._tracker.remember(image, target.box)
            target.id = self._next_id
            self._next_id += 1
