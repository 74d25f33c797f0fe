"""How well each layer of the world model tells one object from what surrounds it.

Separability: difference between object and ring in deviations of the ring, in the best channel
("On the Road to Clarity", arXiv:2404.17350, looks at feature maps; the measure is ours).
K objects, C channels, H rows, W columns, S side of the image [px].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.safety.passage import IMAGE, LATENT, Passage, on_grid

FLAT = 0.02  # deviation of a background without any structure; activations are below 1
BLURRED = 0.5  # overlap of object and ring on a layer's grid, above which it cannot part them
LEAST_CONTRAST = 1e-6  # squared, of an object that cannot be seen


@dataclass(frozen=True)
class LayerView:
    """How well one layer tells the object from its background."""

    name: str
    separability: float  # nan where the layer's grid is too coarse for this object


@dataclass(frozen=True, eq=False)
class ObjectView:
    """One object, and all that was measured on the way of its frame."""

    number: int  # its place in the batch of the passage, from 1 on
    inside: Tensor  # (S, S) covered part of each pixel
    ring: Tensor  # (S, S) of the background around it
    layers: tuple[LayerView, ...]  # image, encoder.1 ..., decoder.1 ...
    latent_change: float  # when the object is painted over [calm deviations]
    unexplained: float  # error over contrast: 0 all redrawn, 1 as if it were not there


def object_views(
    net: Autoencoder, way: Passage, insides: Tensor, rings: Tensor
) -> list[ObjectView]:
    """insides, rings: (K, S, S)"""
    layers = {name: features for name, features in way.layers.items() if name != LATENT}
    by_layer = {name: separability(f, insides, rings) for name, f in layers.items()}
    mean = net.calm_latent.get_buffer("mean")
    change: Tensor = net.calm_latent(way.latents[:1] - way.latents[1:-2] + mean).sqrt()
    image = way.encoder[IMAGE]
    contrast = ((image[1:-2] - image[:1]).square().sum(1) * insides).sum((1, 2))
    left = (way.error.square().sum(0) * insides).sum((1, 2)) / contrast.clamp_min(LEAST_CONTRAST)
    return [
        ObjectView(
            k + 1,
            insides[k],
            rings[k],
            tuple(LayerView(name, float(best[k].max())) for name, best in by_layer.items()),
            float(change[k]),
            float(left[k]),
        )
        for k in range(len(insides))
    ]


def separability(features: Tensor, insides: Tensor, rings: Tensor) -> Tensor:
    """Difference between object and background in deviations of the background, by channel.

    features: (C, H, W)      insides, rings: (K, S, S)      returns: (K, C), nan where too coarse
    """
    m, b = (on_grid(weights, features.shape).flatten(1) for weights in (insides, rings))
    flat = features.flatten(1).T  # (H * W, C)
    mean, background = m @ flat, b @ flat  # (K, C)
    variance = (b @ flat.square() - background.square()).clamp_min(0.0)
    apart = (mean - background).abs() / (variance.sqrt() + FLAT)
    blurred = torch.minimum(m, b).sum(1) > BLURRED
    return apart.masked_fill(blurred[:, None], math.nan)


def trace(features: Tensor, number: int) -> Tensor:
    """What the object changes in each channel, squared: (1 + K, C, H, W) -> (C,)"""
    return (features[number] - features[0]).square().flatten(1).sum(1)
