"""What calm is to every layer of an autoencoder: the file beside its weights, checked as they are.

`road-clarity train calm` makes it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors.torch import load as read_safetensors

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.weights import place, read_card
from road_clarity.safety.calm_layers import CalmLayers


def load_calm(name: str, folder: Path | None = None) -> CalmLayers | None:
    """Of the weights `name`; None: they have none, so that no faults can be told.

    Raises BadInput when the file is missing, changed, or was made for other weights.
    """
    card = read_card(name, folder)
    about = card.calm_layers
    if not about:
        return None
    again = f"make it again: road-clarity train calm --networks [{name}]"
    path = place(name, folder) / f"{name}.calm.safetensors"
    if about.get("weights_sha256") != card.sha256:
        raise BadInput("calm layers", path, f"are those of other weights; {again}")
    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != about.get("sha256"):
        raise BadInput("calm layers", path, f"are not what its card says; {again}")
    return CalmLayers.restored(read_safetensors(content)).requires_grad_(False)
