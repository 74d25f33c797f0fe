"""Whose eyes the watch sees a simulated drive with: those of the pipeline, or the truth itself.

With the truth, boxes, lane lines and classes are the simulator's (of everybody who is in the
picture what is seen of them, from the first frame on), and the world model finds nothing strange.
What is missed then, no better perception would find.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import Perception
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import Lanes, Risk, Scene, Segmentation, Track, Tracks, World
from road_clarity.safety.watch import Watch
from road_clarity.training.simulator.film import SimFrame

CELL = 4  # pixels of the picture to a side of a cell of the true classes, as networks see them


class Eyes(Protocol):
    """One drive after the other, frame by frame."""

    def restart(self) -> None:
        """Begin another drive."""

    def risk(self, index: int, frame: SimFrame) -> Risk:
        """What the watch says of the frame."""


class PipelineEyes:
    """What the networks make of the picture."""

    def __init__(self, pipeline: Perception) -> None:
        self._pipeline = pipeline

    def restart(self) -> None:
        self._pipeline.restart()

    def risk(self, index: int, frame: SimFrame) -> Risk:
        return self._pipeline.step(Frame(index, frame.stamp_ns, frame.image)).risk


class TrueEyes:
    """What is there."""

    def __init__(self, config: SafetyConfig) -> None:
        self._config = config
        self.restart()

    def restart(self) -> None:
        self._watch = Watch(self._config)
        self._ages: dict[int, int] = {}

    def risk(self, index: int, frame: SimFrame) -> Risk:
        return self._watch.assess(self._scene(index, frame), frame.stamp_ns)

    def _scene(self, index: int, frame: SimFrame) -> Scene:
        truth, stamp_ns = frame.truth, frame.stamp_ns
        height, width, _ = frame.image.shape
        for one in truth.instances:
            self._ages[one.id] = self._ages.get(one.id, 0) + 1
        tracks = tuple(
            Track(one.id, one.label, one.box, 1.0, self._ages[one.id]) for one in truth.instances
        )
        classes = np.ascontiguousarray(truth.classes[CELL // 2 :: CELL, CELL // 2 :: CELL])
        return Scene(
            index, stamp_ns, (width, height), Lanes(stamp_ns, truth.lanes),
            Segmentation(stamp_ns, classes, (width, height)), Tracks(stamp_ns, tracks),
            nothing_strange(stamp_ns), (),
        )  # fmt: skip


def nothing_strange(stamp_ns: int) -> World:
    """A world model that expects whatever comes: the median of calm frames."""
    blank = np.zeros((1, 1), np.float32)
    grey = np.zeros((1, 1, 3), np.uint8)
    return World(stamp_ns, 0.0, 0.5, blank, 0.0, 0.5, 1.0, 0.5, "", grey, None)
