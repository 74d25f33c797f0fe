"""One frame again: what the world model cannot redraw, and where inside it that is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.world import WorldConfig, WorldStage
from road_clarity.safety.error_region import error_region, error_share
from road_clarity.safety.scene import Box, World
from road_clarity.service.explain_queue import Deadline

STRANGEST = "strangest"
RESERVE_S = 0.2  # what is kept back to draw and send the answer [s]


@dataclass(frozen=True)
class Place:
    """A part of the frame that somebody wants to know about."""

    label: str
    box: Box


@dataclass(frozen=True)
class Layer:
    name: str
    separability: float


@dataclass(frozen=True)
class Verdict:
    """Which layer loses a place; `lost_in` is empty when none does."""

    layers: tuple[Layer, ...]
    lost_in: str
    text: str


@dataclass(frozen=True)
class PlaceError:
    place: Place
    share: float  # of the frame's error, 0..1
    times_worse: float  # mean error inside over mean error outside
    verdict: Verdict | None


@dataclass(frozen=True, eq=False)
class Account:
    """Everything about one frame; places with the largest share of the error first."""

    world: World
    places: tuple[PlaceError, ...]
    truncated: bool  # the time was over before all places were looked at


class Explainer(Protocol):
    """What the service needs; one thread at a time."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Of the weights in use, by name."""
        ...

    def explain(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> Account: ...


class WorldExplainer:
    """The world model of the pipeline, asked about single frames."""

    def __init__(self, config: WorldConfig | None = None) -> None:
        """Raises BadInput when the weights cannot be used."""
        torch.set_num_threads(1)  # the other cores belong to the live work
        self._stage = WorldStage(config or WorldConfig(), "cpu")

    @property
    def sha256(self) -> Mapping[str, str]:
        return {card.name: card.sha256 for card in self._stage.cards}

    def explain(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> Account:
        """image: (H, W, 3) RGB.  Looks at as many places as there is time for."""
        self._stage.reset()
        frame = Frame(0, 0, image)
        world = self._stage.run(frame)
        strangest = error_region(world.error_map, frame.size)
        wanted = [*([Place(STRANGEST, strangest)] if strangest else []), *places]
        found = []
        for place in wanted:
            if deadline.left_s() < RESERVE_S:
                break
            found.append(place_error(world.error_map, frame.size, place))
        found.sort(key=lambda one: -one.share)
        return Account(world, tuple(found), truncated=len(found) < len(wanted))


def place_error(error_map: NDArray[np.float32], size: tuple[int, int], place: Place) -> PlaceError:
    """error_map: (h, w)      size: (width, height) of the image that the box belongs to [px]"""
    share = error_share(error_map, size, place.box)
    x0, y0, x1, y1 = place.box
    area = (x1 - x0) * (y1 - y0) / (size[0] * size[1])  # of the frame's, 0..1
    outside = (1.0 - share) * area
    times_worse = share * (1.0 - area) / outside if outside > 0.0 else 1.0
    return PlaceError(place, share, times_worse, verdict=None)
