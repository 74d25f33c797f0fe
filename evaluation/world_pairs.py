"""The world models that are compared: an autoencoder each, with the memory made for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.pipeline.calm_weights import load_calm
from road_clarity.pipeline.weights import load
from road_clarity.safety.calm_layers import CalmLayers

KINDS = ("vae", "rg", "pca")  # trained, transparent, and the best linear code
WEIGHTS_OF = {"pedestrian": "pedestrian", "car": "edge"}  # view -> end of the weights' names


@dataclass(frozen=True, eq=False)
class Pair:
    autoencoder: Autoencoder
    memory: LatentLstm
    weights: dict[str, str]  # name -> sha256 of the file
    calm: CalmLayers | None = None  # what its layers answer on calm frames, where that is kept


def load_pairs(view: str) -> dict[str, Pair]:
    """By kind.  Raises BadInput for an unknown view and for weights that are not there."""
    if view not in WEIGHTS_OF:
        raise BadInput("--view", view, f"choose one of {', '.join(WEIGHTS_OF)}")
    return {kind: load_pair(kind, WEIGHTS_OF[view]) for kind in KINDS}


def load_pair(kind: str, end: str) -> Pair:
    memory_of = "lstm" if kind == "vae" else f"lstm_{kind}"
    networks = {name: load(name) for name in (f"{kind}_{end}", f"{memory_of}_{end}")}
    autoencoder, memory = (network.requires_grad_(False) for network, _ in networks.values())
    weights = {name: card.sha256 for name, (_, card) in networks.items()}
    return Pair(
        cast(Autoencoder, autoencoder),
        cast(LatentLstm, memory),
        weights,
        load_calm(f"{kind}_{end}"),
    )
