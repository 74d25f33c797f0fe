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
    cells: dict[str, Tensor]  # the same on every layer's grid, adding up to 1: (H, W)
    apart: dict[str, Tensor]  # separability by layer and channel: (C,)
    latent_change: float  # when the object is painted over [calm deviations]
    unexplained: float  # error over contrast: 0 all redrawn, 1 as if it were not there

    @property
    def layers(self) -> tuple[LayerView, ...]:
        """image, encoder.1 ..., decoder.1 ..."""
        return tuple(LayerView(name, float(best.max())) for name, best in self.apart.items())


def object_views(
    net: Autoencoder, way: Passage, insides: Tensor, rings: Tensor
) -> list[ObjectView]:
    """insides, rings: (K, S, S)"""
    layers = {name: features for name, features in way.layers.items() if name != LATENT}
    both = torch.cat([insides, rings])
    cells = {name: on_grid(both, features.shape) for name, features in layers.items()}
    apart = {
        name: separability(features, *cells[name].chunk(2)) for name, features in layers.items()
    }
    change, unexplained = latent_change(net, way), unexplained_part(way, insides)
    return [
        ObjectView(
            k + 1,
            insides[k],
            {name: grid[k] for name, grid in cells.items()},
            {name: by_object[k] for name, by_object in apart.items()},
            float(change[k]),
            float(unexplained[k]),
        )
        for k in range(len(insides))
    ]


def latent_change(net: Autoencoder, way: Passage) -> Tensor:
    """How far the latent moves when each object is painted over [calm deviations]: (K,)"""
    moved = way.latents[:1] - way.latents[way.without]
    distance: Tensor = net.calm_latent(moved + net.calm_latent.get_buffer("mean"))
    return distance.sqrt()


def unexplained_part(way: Passage, insides: Tensor) -> Tensor:
    """Squared error over squared contrast to what each object is painted over with: (K,)"""
    image = way.encoder[IMAGE]
    contrast = (image[way.without] - image[:1]).square().sum(1)  # (K, S, S)
    left = (way.squared_error * insides).sum((1, 2))
    return left / (contrast * insides).sum((1, 2)).clamp_min(LEAST_CONTRAST)


def separability(features: Tensor, objects: Tensor, rings: Tensor) -> Tensor:
    """Difference between object and background in deviations of the background, by channel.

    features: (C, H, W)      objects, rings: (K, H, W) weights that add up to 1 (on_grid)
    returns: (K, C), nan where the grid is too coarse
    """
    m, b = objects.flatten(1), rings.flatten(1)
    flat = features.flatten(1).T  # (H * W, C)
    mean, background = m @ flat, b @ flat  # (K, C)
    variance = (b @ flat.square() - background.square()).clamp_min(0.0)
    apart = (mean - background).abs() / (variance.sqrt() + FLAT)
    blurred = torch.minimum(m, b).sum(1) > BLURRED
    return apart.masked_fill(blurred[:, None], math.nan)


def trace(features: Tensor, number: int) -> Tensor:
    """What the object changes in each channel, squared: (1 + K, C, H, W) -> (C,)"""
    return (features[number] - features[0]).square().flatten(1).sum(1)
