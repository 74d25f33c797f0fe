"""What stands out to each network in one frame: Eigen-CAM of the layer it names.

Made on request, never in the live loop.  H, W: size of the frame.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.cards import Card
from road_clarity.models.eigen_cam import eigen_cam
from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.network import running, torch_graphs
from road_clarity.pipeline.backends.runtime import FP32
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lanes import LaneStage
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.segmentation import SegmentationStage
from road_clarity.pipeline.tracking import TrackStage
from road_clarity.safety.faithfulness import randomised
from road_clarity.safety.scene import Box

Stage = LaneStage | SegmentationStage | TrackStage
Seen = tuple[Tensor, Box]  # features (C, h, w), and the part of the frame that they are of [px]


@dataclass(frozen=True, eq=False)
class EigenMap:
    """Where one network found what tells places apart most."""

    of: str  # 'lanes', 'segmentation', or 'tracker of' what was followed
    layer: str  # by its name in the network
    strength: NDArray[np.float32]  # (H, W) in [0, 1]; 0 where the network does not look


class EigenMaps:
    """The networks of the pipeline, asked about single frames."""

    def __init__(self, config: PipelineConfig, device: str = "cpu") -> None:
        """Raises BadInput when the weights cannot be used."""
        self._lanes = LaneStage(config.lanes, device)
        self._segmentation = SegmentationStage(config.segmentation, device)
        self._tracks = TrackStage(config.tracks, device)

    @property
    def cards(self) -> dict[str, Card]:
        stages = (self._lanes, self._segmentation, self._tracks)
        return {one.card.name: one.card for stage in stages for one in stage.networks}

    def of(self, frame: Frame, targets: Sequence[tuple[str, Box]]) -> Iterator[EigenMap]:
        """One map after the other; targets: what the tracker is asked about, and where it is."""
        for of, stage in (("lanes", self._lanes), ("segmentation", self._segmentation)):
            yield eigen_map(of, stage, stage.features(frame), frame.size)
        for name, box in targets:
            features = self._tracks.features(frame, box)
            yield eigen_map(f"tracker of {name}", self._tracks, features, frame.size)

    def again(self, of: str, frame: Frame, target: Box | None) -> EigenMap:
        """One of these maps alone.  target: what the tracker is asked about"""
        stage = self._stage(of)
        return eigen_map(of, stage, features(stage, frame, target), frame.size)

    def untaught(self, of: str, frame: Frame, target: Box | None) -> EigenMap:
        """The same of a network whose weights were shuffled.  Raises BadInput."""
        stage = copy.copy(self._stage(of))
        card = stage.networks[0].card
        network = randomised(weights.load(card.name)[0], seed=0)
        stage.networks = (running(network, card, torch_graphs(network, FP32, "cpu")),)
        return eigen_map(of, stage, features(stage, frame, target), frame.size)

    def asker(self, of: str, frame: Frame, target: Box | None) -> Callable[[Frame], Tensor]:
        """What the network answers to a frame like this one, as probabilities: (D,)"""
        stage = self._stage(of)
        if isinstance(stage, TrackStage):
            return stage.asker(frame, required(target))
        return stage.answer

    def _stage(self, of: str) -> Stage:
        if of == "lanes":
            return self._lanes
        return self._segmentation if of == "segmentation" else self._tracks


def features(stage: Stage, frame: Frame, target: Box | None) -> Seen:
    """target: what the tracker is asked about"""
    if isinstance(stage, TrackStage):
        return stage.features(frame, required(target))
    return stage.features(frame)


def required(target: Box | None) -> Box:
    """Raises BadInput."""
    if target is None:
        raise BadInput("tracker", "no target", "name the box that it is asked about")
    return target


def eigen_map(of: str, stage: Stage, features: Seen, size: tuple[int, int]) -> EigenMap:
    """size: W, H"""
    seen, part = features
    layer = str(stage.networks[0].network.explained_layer)
    return EigenMap(of, layer, placed(eigen_cam(seen).cpu().numpy(), part, size))


def placed(strength: NDArray[np.float32], part: Box, size: tuple[int, int]) -> NDArray[np.float32]:
    """A map of a part of the frame, at its place.  (h, w) -> (H, W); size: W, H"""
    x0, y0, x1, y1 = part
    scale = np.diag(((x1 - x0) / strength.shape[1], (y1 - y0) / strength.shape[0]))
    # Places are known by their middles: half a place in the map, half a pixel in the frame.
    shift = scale @ (0.5, 0.5) + (x0 - 0.5, y0 - 0.5)
    matrix = np.column_stack([scale, shift])
    return np.asarray(cv2.warpAffine(strength, matrix, size, flags=cv2.INTER_LINEAR), np.float32)
