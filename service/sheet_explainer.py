"""One frame again, on sheets of panels: why it was redrawn and predicted as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.panels.predicted import predicted_sheet
from road_clarity.pipeline.panels.redrawn import redrawn_sheet
from road_clarity.pipeline.weights import read_card
from road_clarity.pipeline.world import WorldConfig
from road_clarity.pipeline.world_account import (
    WorldPair,
    foreseen_account,
    last_moment,
    redrawn_account,
)
from road_clarity.service.explainer import Place, Sheet


class WorldSheets:
    """The world model of the pipeline."""

    def __init__(self, config: WorldConfig | None = None) -> None:
        """Raises BadInput when the weights cannot be used."""
        self._pair = WorldPair.load((config or WorldConfig()).lstm)
        # Read now: by the time of an answer, other weights may lie in their place.
        names = self._pair.names.split(", ")
        self._sha256 = {name: read_card(name).sha256 for name in names}

    @property
    def sha256(self) -> Mapping[str, str]:
        return self._sha256

    def sheets(
        self, image: NDArray[np.uint8], places: Sequence[Place], asked: int | None,
        before: Iterable[Frame], about: str,
    ) -> list[Sheet]:  # fmt: skip
        named = [(place.label, place.box) for place in places]
        about = f"{about}; networks {self._pair.names}"
        redrawn = redrawn_account(self._pair, image, named, about, self._pair.calm, asked)
        found = [Sheet("redrawn", redrawn.caption, redrawn_sheet(redrawn))]
        steps = last_moment(before, self._pair.autoencoder.side).steps
        predicted, missing = foreseen_account(self._pair, steps, about)
        page = None if predicted is None else predicted_sheet(predicted)
        caption = missing if predicted is None else predicted.caption
        return [*found, Sheet("predicted", caption, page)]
