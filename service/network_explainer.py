"""One frame again: what stands out to each network of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.eigen_maps import EigenMap, EigenMaps
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.explainer import MapAccount, Place
from road_clarity.service.world_explainer import RESERVE_S


class NetworkExplainer:
    """Lanes, segmentation and tracker of the pipeline."""

    def __init__(self, config: PipelineConfig | None = None) -> None:
        """Raises BadInput when the weights cannot be used."""
        self._maps = EigenMaps(config or PipelineConfig())

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
