"""The networks that explanations while driving look into: those at work, where that is possible.

Explanations go through the layers one by one, on the processor and in full precision, as their calm
layers were measured.  Where something else runs (an export, which has no layers; a GPU, which
belongs to the live work; bf16), the same weights are read again.
"""

from __future__ import annotations

from collections.abc import Sequence

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.network import Running
from road_clarity.pipeline.backends.runtime import FP32
from road_clarity.pipeline.calm_weights import load_calm
from road_clarity.pipeline.world_account import WorldPair
from road_clarity.safety.horizon import check_pair


class ExplainedPair:
    """Keeps what was found for the networks that it was last asked about; one thread at a time."""

    def __init__(self) -> None:
        self._of: tuple[Running, ...] = ()
        self._pair: WorldPair | None = None

    def of(self, networks: Sequence[Running]) -> WorldPair | None:
        """networks: of the world model's stage; None while there are none.  Raises BadInput."""
        if tuple(networks) != self._of:
            self._pair = found_pair(*networks) if networks else None
            self._of = tuple(networks)
        return self._pair


def found_pair(seeing: Running, remembering: Running) -> WorldPair:
    """Raises BadInput when weights or calm layers cannot be read."""
    autoencoder, memory = in_layers(seeing), in_layers(remembering)
    names = f"{seeing.card.name}, {remembering.card.name}"
    if not isinstance(autoencoder, Autoencoder) or not isinstance(memory, LatentLstm):
        raise BadInput("world model", names, "cannot be explained; take vae_edge or rg_edge")
    check_pair(autoencoder, memory)
    return WorldPair(autoencoder, memory, names, load_calm(seeing.card.name))


def in_layers(one: Running) -> object:
    """The network at work, or one with the same weights."""
    at_work = (one.runtime.backend, one.runtime.provider, one.runtime.precision)
    return one.network if at_work == ("torch", "cpu", FP32) else weights.load(one.card.name)[0]
