"""One look at single frames by the stages that the scorers of unknown scenes need, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lanes import LaneStage
from road_clarity.pipeline.perception import pick_device
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.segmentation import SegmentationStage
from road_clarity.pipeline.unknown import UnknownStage
from road_clarity.pipeline.world import WorldStage
from road_clarity.safety.scene import Lanes, Segmentation, Unknown


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen in a frame."""

    scores: Tensor  # (7,) of models.scene_novelty.SCORERS
    unknown: Unknown
    lanes: Lanes
    classes: Segmentation


class Looker:
    """Every frame by itself: the world model starts anew with each."""

    def __init__(self, config: PipelineConfig, device: str = "cpu") -> None:
        """Raises BadInput where the scorers do not know the networks."""
        device = pick_device(device)
        self._lanes = LaneStage(config.lanes, device)
        self._classes = SegmentationStage(config.segmentation, device)
        self._world = WorldStage(config.world, device)
        self.unknown = UnknownStage(config.unknown)
        stages = (self._lanes, self._classes, self._world)
        cards = [one.card for stage in stages for one in stage.networks]
        if not self.unknown.knows(cards):
            made_for = self.unknown.card.made_for
            there = ", ".join(card.identity for card in cards)
            raise BadInput(
                "unknown.weights", config.unknown.weights, f"know {made_for}, not {there}"
            )

    @torch.inference_mode()
    def look(self, frame: Frame) -> Seen:
        self._world.reset()
        lanes, classes = self._lanes.run(frame), self._classes.run(frame)
        scores = self.unknown.scores(frame, lanes, classes, self._world.run(frame))
        return Seen(scores[0], self.unknown.judge(frame.stamp_ns, scores), lanes, classes)
