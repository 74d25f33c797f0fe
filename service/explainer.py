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
    from road_clarity.pipeline.counterfactual import FramesFrom, Probe, Span
    from road_clarity.pipeline.eigen_maps import EigenMap
    from road_clarity.pipeline.interventions import Intervention
    from road_clarity.safety.explanation import RegionExplanation
    from road_clarity.safety.map_faithfulness import Faithfulness


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


@dataclass(frozen=True, eq=False)
class Drawn:
    """A frame inside the world model.  S side of its picture."""

    seen: NDArray[np.uint8]  # (S, S, 3)
    drawn: NDArray[np.uint8]  # (S, S, 3)
    error: float
    maps: NDArray[np.float32]  # (C, h, w) of the layer, C 0 for none


class Explainer(Protocol):
    """What the service needs; one thread at a time."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Of the weights in use, by name."""
        ...

    def explain(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> Account: ...

    def score(
        self, image: NDArray[np.uint8], deadline: Deadline, thorough: bool
    ) -> Faithfulness | None:
        """Of the error map of this frame; None when there is no time."""
        ...

    def drawn(self, image: NDArray[np.uint8], layer: str) -> Drawn:
        """layer: whose feature maps to hand out, none when empty.  Raises Refusal."""
        ...


class MapMaker(Protocol):
    """What the service needs for maps; one thread at a time."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Of the weights in use, by name."""
        ...

    def maps(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> MapAccount: ...

    def score(
        self, image: NDArray[np.uint8], one: EigenMap, place: Place | None, deadline: Deadline,
        thorough: bool,
    ) -> Faithfulness | None:  # fmt: skip
        """Of one of its maps; place: what the tracker was asked about; None: there is no time."""
        ...


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


class Prober(Protocol):
    """What the service needs for what-if questions; one thread at a time."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Of the weights in use, by name."""
        ...

    @property
    def run_otherwise(self) -> Sequence[str]:
        """Networks that another backend or precision runs than during the run, in words."""
        ...

    def probe(
        self, frames_from: FramesFrom, span: Span, interventions: Sequence[Intervention],
        deadline: Deadline,
    ) -> Probe:  # fmt: skip
        """Raises OutOfTime of pipeline.counterfactual, BadInput, and Refusal for a run that was
        judged with other weights."""
        ...

    def play_ahead(self, frames_from: FramesFrom, span: Span, deadline: Deadline) -> None:
        """What the next question about this span would run first.  Raises as probe does."""
        ...
