"""What an account of one frame holds, and who gives it.  The networks are in world_explainer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import Box, World
from road_clarity.service.explain_queue import Deadline

if TYPE_CHECKING:  # it imports torch, which takes seconds that the server's start does not have
    from road_clarity.pipeline.eigen_maps import EigenMap
    from road_clarity.safety.explanation import RegionExplanation


@dataclass(frozen=True)
class Place:
    """A part of the frame that somebody wants to know about."""

    label: str
    box: Box  # [px], inside the frame


@dataclass(frozen=True, eq=False)
class PlaceAccount:
    place: Place
    seen: RegionExplanation


@dataclass(frozen=True, eq=False)
class Account:
    """Everything about one frame; places with the largest share of the error first."""

    world: World
    places: tuple[PlaceAccount, ...]
    truncated: bool  # the time was over before all places were looked at


@dataclass(frozen=True, eq=False)
class MapAccount:
    """What stands out to the networks in one frame."""

    maps: tuple[EigenMap, ...]
    truncated: bool  # the time was over before the tracker was asked about all places


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page of panels; page: (H, W, 3) RGB, None when there is only the caption to say."""

    name: str
    caption: str
    page: NDArray[np.uint8] | None


class Explainer(Protocol):
    """What the service needs; one thread at a time."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Of the weights in use, by name."""
        ...

    def explain(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> Account: ...


class MapMaker(Protocol):
    """What the service needs for maps; one thread at a time."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Of the weights in use, by name."""
        ...

    def maps(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> MapAccount: ...


class SheetDrawer(Protocol):
    """What the service needs for sheets; one thread at a time."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Of the weights in use, by name."""
        ...

    def sheets(
        self, image: NDArray[np.uint8], places: Sequence[Place], asked: int | None,
        before: Iterable[Frame], about: str,
    ) -> list[Sheet]:  # fmt: skip
        """asked: the place that matters      before: the frames up to this one, itself last"""
        ...
