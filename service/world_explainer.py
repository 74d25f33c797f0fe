"""One frame again: what the world model cannot redraw, and where inside it that is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.pipeline import weights
from road_clarity.pipeline.calm_weights import load_calm
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.scored_maps import (
    QUICK,
    THOROUGH,
    error_map_faithfulness,
    without_learning,
)
from road_clarity.pipeline.world import WorldConfig, WorldStage, network_input, picture
from road_clarity.safety.error_region import error_region
from road_clarity.safety.explanation import explain
from road_clarity.safety.map_faithfulness import Faithfulness, OutOfTime
from road_clarity.safety.scene import Box
from road_clarity.service.errors import invalid
from road_clarity.service.explain_queue import RESERVE_S, Deadline
from road_clarity.service.explainer import Account, Drawn, Place, PlaceAccount

STRANGEST = "strangest"


class WorldExplainer:
    """The world model of the pipeline, asked about single frames."""

    def __init__(self, config: WorldConfig | None = None) -> None:
        """Raises BadInput when the weights cannot be used."""
        torch.set_num_threads(1)  # the other cores belong to the live work
        config = config or WorldConfig()
        self._stage = WorldStage(config, "cpu")
        self._vae = cast(Autoencoder, weights.load(config.vae)[0])
        self._shuffled: Autoencoder | None = None
        self._calm = load_calm(config.vae)

    @property
    def sha256(self) -> Mapping[str, str]:
        return {one.card.name: one.card.sha256 for one in self._stage.networks}

    def explain(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> Account:
        """image: (H, W, 3) RGB.  Looks at as many places as there is time for."""
        self._stage.reset()
        frame = Frame(0, 0, image)
        world, x = self._stage.run(frame), network_input(image, self._vae.side)
        strangest = error_region(world.error_map, frame.size)
        wanted = list(places)
        if strangest and not any(same(place.box, strangest) for place in places):
            wanted.insert(0, Place(STRANGEST, strangest))
        found: list[PlaceAccount] = []
        for place in wanted:
            if deadline.left_s() < RESERVE_S:
                break
            (seen,) = explain(self._vae, x, [place.box], frame.size, self._calm).regions
            found.append(PlaceAccount(place, seen))
        found.sort(key=lambda one: -one.seen.error_share)
        return Account(world, tuple(found), truncated=len(found) < len(wanted))

    def score(
        self, image: NDArray[np.uint8], deadline: Deadline, thorough: bool
    ) -> Faithfulness | None:
        """image: (H, W, 3) RGB"""
        if thorough and self._shuffled is None:
            self._shuffled = without_learning(self._vae)
        effort, shuffled = (THOROUGH, self._shuffled) if thorough else (QUICK, None)
        with suppress(OutOfTime):
            left = partial(left_s, deadline)
            return error_map_faithfulness(self._vae, image, effort, left, shuffled)
        return None

    @torch.no_grad()
    def drawn(self, image: NDArray[np.uint8], layer: str) -> Drawn:
        """image: (H, W, 3) RGB"""
        x = network_input(image, self._vae.side)
        seen, latent = self._vae.look(x)
        drawn = self._vae.decoder_features(latent)
        layers = {f"encoder.{i}": features for i, features in enumerate(seen, 1)}
        layers |= {f"decoder.{i}": features for i, features in enumerate(drawn[:-1], 1)}
        if layer and layer not in layers:
            raise invalid("layer", f"use one of {', '.join(layers)}")
        maps = layers[layer][0].numpy() if layer else np.zeros((0, 1, 1), np.float32)
        error = float((x - drawn[-1]).square().mean())
        return Drawn(picture(x), picture(drawn[-1]), error, maps)


def left_s(deadline: Deadline) -> float:
    """What is left for measuring [s]."""
    return deadline.left_s() - RESERVE_S


def same(one: Box, other: Box) -> bool:
    """Up to the rounding of what was recorded."""
    return all(abs(a - b) < 1.0 for a, b in zip(one, other, strict=True))
