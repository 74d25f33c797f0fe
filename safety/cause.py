"""Why an object is drawn badly: the names that explanations give."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    REDRAWN = "redrawn"  # it is not: the picture shows it
    RESOLUTION = "resolution"  # it is smaller than the cells of the layer
    DEAD_CHANNEL = "dead channel"  # channels that speak on calm frames are silent
    BROKEN_LAYER = "broken layer"  # the encoder's layer answers unlike on any calm frame
    BOTTLENECK = "bottleneck"  # the layers see it, the latent does not hold it
    DECODER = "decoder"  # the latent holds it, a layer of the decoder does not draw it
    OUT_OF_DISTRIBUTION = "out of distribution"  # nothing like it was in the calm frames


def cause_at(layer: str, in_encoder: Cause) -> Cause:
    """What a fault in this layer of the network is called."""
    if layer == "latent":
        return Cause.BOTTLENECK
    return Cause.DECODER if layer.startswith("decoder") else in_encoder
