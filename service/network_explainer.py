"""One frame again: what stands out to each network of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.eigen_maps import EigenMap, EigenMaps
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.scored_maps import eigen_map_faithfulness
from road_clarity.safety.map_faithfulness import Faithfulness, OutOfTime
from road_clarity.safety.pace import Pace
from road_clarity.service.explain_queue import RESERVE_S, Deadline
from road_clarity.service.explainer import MapAccount, Place
from road_clarity.service.world_explainer import left_s


class NetworkExplainer:
    """Lanes, segmentation and tracker of the pipeline."""

    def __init__(self, config: PipelineConfig | None = None) -> None:
        """Raises BadInput when the weights cannot be used."""
        self._maps = EigenMaps(config or PipelineConfig())
        self._pace = Pace()

    @property
    def sha256(self) -> Mapping[str, str]:
        return {name: card.sha256 for name, card in self._maps.cards.items()}

    def maps(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> MapAccount:
        """image: (H, W, 3) RGB.  The tracker is asked about as many places as there is time for."""
        targets = [(place.label, place.box) for place in places]
        found: list[EigenMap] = []
        for one in self._maps.of(Frame(0, 0, image), targets):
            found.append(one)
            if deadline.left_s() < RESERVE_S:
                break
        # lanes and segmentation come first
        return MapAccount(tuple(found), truncated=len(found) < 2 + len(targets))

    def score(
        self, image: NDArray[np.uint8], one: EigenMap, place: Place | None, deadline: Deadline,
        thorough: bool,
    ) -> Faithfulness | None:  # fmt: skip
        """image: (H, W, 3) RGB"""
        box, left = None if place is None else place.box, partial(left_s, deadline)
        with suppress(OutOfTime):
            return eigen_map_faithfulness(self._maps, image, one, box, left, thorough, self._pace)
        return None
