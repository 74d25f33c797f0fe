"""Trouble planted into frames and networks, so that what explanations say can be held against it.

Objects: one unlike all that was seen, one too small for the network's cells, and a plate before a
road user, of which only the place is known.  Lesions, which have no place: channels that carry a
road user are blanked, a layer's weights are scrambled, latents are blocked.
S side of the pictures [px]; x is (1, 3, S, S) in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import FILLS
from road_clarity.safety.lesions import (
    Lesion,
    carriers,
    dead_channels,
    lesion_layers,
    of_layer,
    scrambled,
)
from road_clarity.safety.passage import LATENT
from road_clarity.safety.planted_objects import alien, tiny
from road_clarity.safety.scene import Box

UNSEEN, TINY, OCCLUDER = "unseen_object", "tiny_object", "occluder"
BLANKED, LESIONED, BLOCKED = "blanked_channel", "lesioned_layer", "blocked_latent"
KINDS = (UNSEEN, TINY, OCCLUDER, BLANKED, LESIONED, BLOCKED)
HURT_SHARE = 8  # one in so many channels of the layer is blanked, or latent blocked


@dataclass(frozen=True, eq=False)
class Planted:
    """A frame, the network that looks at it, and the truth about what goes wrong."""

    kind: str
    network: Autoencoder
    x: Tensor
    boxes: list[Box]  # the first is asked about
    size: tuple[int, int]  # (width, height) of the image that they refer to [px]
    cause: Cause | None  # None: not known
    layer: str | None  # None: the frame decides
    placed: bool  # whether the trouble has a place, the first box


def planted(
    net: Autoencoder, x: Tensor, boxes: list[Box], size: tuple[int, int], number: int
) -> Iterator[Planted]:
    """One of each kind; number: of the frame, decides places and layers.

    boxes: road users, the largest first; without any, there is nobody to lose in a lesion.
    """
    square = (net.side, net.side)
    strange, where = alien(x, number)
    yield Planted(
        UNSEEN, net, strange, [where], square, Cause.OUT_OF_DISTRIBUTION, None, placed=True
    )
    speck, where = tiny(x, number)
    blind = first_blind_layer(net, x, area(where))
    yield Planted(TINY, net, speck, [where], square, Cause.RESOLUTION, blind, placed=True)
    if boxes:
        plate, where = behind_a_plate(x, in_pixels(boxes[0], size, net.side))
        yield Planted(OCCLUDER, net, plate, [where], square, None, None, placed=True)
        for kind, lesion in lesions(net, x, boxes[0], size, number):
            yield Planted(
                kind, lesion.network, x, boxes, size, lesion.cause, lesion.layer, placed=False
            )


def lesions(
    net: Autoencoder, x: Tensor, box: Box, size: tuple[int, int], number: int
) -> Iterator[tuple[str, Lesion]]:
    """Every layer has its turn."""
    layers = [layer for layer in lesion_layers(net) if layer != LATENT]
    blanked, broken = (layers[(number + shift) % len(layers)] for shift in (0, 1))
    yield BLANKED, dead_channels(net, blanked, strongest(net, x, box, size, blanked))
    yield LESIONED, scrambled(net, broken, number)
    yield BLOCKED, dead_channels(net, LATENT, strongest(net, x, box, size, LATENT))


def strongest(
    net: Autoencoder, x: Tensor, box: Box, size: tuple[int, int], layer: str
) -> list[int]:
    """The channels of a layer that carry most of what is in the box."""
    count = len(of_layer(net, layer)[0]) // HURT_SHARE
    return carriers(net, x, box, size, layer, max(1, count))


def behind_a_plate(x: Tensor, box: Box) -> tuple[Tensor, Box]:
    """The frame with a plate over the box [px], black or white, whichever stands out more."""
    left, top, right, bottom = (*map(math.floor, box[:2]), *map(math.ceil, box[2:]))
    area = (..., slice(top, bottom), slice(left, right))
    hidden = x.clone()
    hidden[area] = float(x[area].mean() < 0.5)
    return hidden, (float(left), float(top), float(right), float(bottom))


def in_pixels(box: Box, size: tuple[int, int], side: int) -> Box:
    """A box of the source image in pixels of the picture."""
    sx, sy = side / size[0], side / size[1]
    return box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy


def first_blind_layer(net: Autoencoder, x: Tensor, area_px: float) -> str | None:
    """The first layer of whose cells an object fills less than half; None: there is none."""
    for number, features in enumerate(net.encoder_features(x), 1):
        if area_px < FILLS * x[0, 0].numel() / features[0, 0].numel():
            return f"encoder.{number}"
    return None


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
