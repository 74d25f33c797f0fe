"""Where a picture from outside lies among the scenes that a world model has seen."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.pipeline.world import network_input


class WorldPlacer:
    """The autoencoder of one space."""

    def __init__(self, space: str) -> None:
        """space: as events name it.  Raises BadInput when those weights are not here."""
        name = space.partition("@")[0]
        network, card = weights.load(name)
        if card.identity != space or not isinstance(network, Autoencoder):
            raise BadInput(
                "weights", name, f"are not those that placed the events ({space}); "
                "replay the recordings again, or bring those weights back",
            )  # fmt: skip
        self._network, self._space = network, space

    @torch.inference_mode()
    def place(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], str]:
        """(H, W, 3) RGB -> whitened latent (D,), and its space"""
        latents = self._network.encode(network_input(image, self._network.side))[0]
        return self._network.calm_latent.white(latents)[0].numpy(), self._space
