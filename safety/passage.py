"""A frame on its way through the world model, with its objects and with each of them painted over.

What an object changes in a layer is the trace that it leaves there; an object is lost where its
trace ends.
K objects, C channels, H rows, W columns, D latents, S side of the image [px].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.safety.scene import Box

IMAGE, LATENT = "image", "latent"
LEAST_MARGIN_PX = 2.0  # of the ring around an object


@dataclass(frozen=True, eq=False)
class Passage:
    """Layers by name, in the order in which the frame passes them.

    Pictures: the frame, then without each object, then (P = 2, the probe, where wanted) without all
    of them, and that mirrored.
    """

    objects: int  # K
    encoder: dict[str, Tensor]  # image, encoder.1 ...: (1 + K + P, C, H, W)
    latents: Tensor  # (1 + K + P, D)
    decoder: dict[str, Tensor]  # decoder.1 ..., the last the picture: frame and probe (1 + P, ...)

    @cached_property
    def batches(self) -> dict[str, Tensor]:
        """(B, C, H, W) each, the latents as (B, D, 1, 1)"""
        return {**self.encoder, LATENT: self.latents[:, :, None, None], **self.decoder}

    @cached_property
    def layers(self) -> dict[str, Tensor]:
        """Of the frame itself: (C, H, W) each."""
        return {name: features[0] for name, features in self.batches.items()}

    @property
    def without(self) -> slice:
        """Of a batch, the pictures in which one object is painted over."""
        return slice(1, 1 + self.objects)

    @property
    def probe(self) -> dict[str, Tensor]:
        """Of the street without objects, seen and mirrored: (2, C, H, W) each."""
        return {name: features[-2:] for name, features in self.batches.items()}

    @cached_property
    def error(self) -> Tensor:
        """Not yet squared: (3, S, S)"""
        return self.encoder[IMAGE][0] - list(self.decoder.values())[-1][0]

    @cached_property
    def squared_error(self) -> Tensor:
        """Summed over colours: (S, S)"""
        return self.error.square().sum(0)


def passage(net: Autoencoder, x: Tensor, insides: Tensor, rings: Tensor, probed: bool) -> Passage:
    """x: (1, 3, S, S)      insides, rings: (K, S, S) weights      probed: whether with the probe"""
    pictures = [x, painted_over(x, insides, rings)]
    if probed:
        empty = without_all(x, insides, rings)
        pictures += [empty, empty.flip(3)]
    batch = torch.cat(pictures)
    seen, latents = net.look(batch)
    drawn = net.decoder_features(torch.cat([latents[:1], latents[1 + len(insides) :]]))
    encoder = {IMAGE: batch, **{f"encoder.{i}": f for i, f in enumerate(seen, 1)}}
    decoder = {f"decoder.{i}": f for i, f in enumerate(drawn, 1)}
    return Passage(len(insides), encoder, latents, decoder)


def checked(net: Autoencoder, x: Tensor) -> Tensor:
    """x, if it is a frame that the network can see.  Raises BadInput."""
    wanted = (1, 3, net.side, net.side)
    if tuple(x.shape) != wanted:
        raise BadInput("frame", f"of shape {tuple(x.shape)}", f"it must be {wanted}")
    if not bool(torch.isfinite(x).all()):
        raise BadInput("frame", "with nan or infinite pixels", "its risk is unknown")
    return x


def painted_over(x: Tensor, inside: Tensor, ring: Tensor) -> Tensor:
    """The frame without each object: it takes the mean colour of the ring around it.

    x: (1, 3, S, S)      inside, ring: (K, S, S) weights      returns: (K, 3, S, S)
    """
    weight = ring / ring.sum((1, 2), keepdim=True).clamp_min(1e-9)
    colour = torch.einsum("chw,khw->kc", x[0], weight)[:, :, None, None]
    return x * (1 - inside[:, None]) + colour * inside[:, None]


def without_all(x: Tensor, insides: Tensor, rings: Tensor) -> Tensor:
    """The frame with one object after the other painted over: (1, 3, S, S)"""
    for inside, ring in zip(insides, rings, strict=True):
        x = painted_over(x, inside[None], ring[None])
    return x


def object_and_ring(boxes: list[Box], size: tuple[int, int], side: int) -> tuple[Tensor, Tensor]:
    """Covered part of every pixel, (K, S, S) each: of the objects, of the background around them.

    boxes in pixels of the source image of `size` (W, H).  Raises BadInput for what covers nothing.
    """
    scale = torch.tensor([side / size[0], side / size[1]] * 2)
    scaled = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4) * scale
    inside = coverage(scaled, side)
    for box, part in zip(boxes, inside, strict=True):
        if not float(part.sum()) > 0.0:
            raise BadInput("box", box, f"it must cover a part of the {size[0]}x{size[1]} image")
    margin = ((scaled[:, 2:] - scaled[:, :2]) / 2).clamp_min(LEAST_MARGIN_PX)
    around = coverage(torch.cat([scaled[:, :2] - margin, scaled[:, 2:] + margin], dim=1), side)
    return inside, (around - inside).clamp_min(0.0)


def coverage(boxes: Tensor, side: int) -> Tensor:
    """How much of each pixel lies inside the box, 0..1: (K, 4) [px] -> (K, S, S)"""
    edge = torch.arange(side, dtype=torch.float32)
    x0, y0, x1, y1 = boxes[:, :, None].unbind(1)  # (K, 1) each
    columns = (torch.minimum(edge + 1, x1) - torch.maximum(edge, x0)).clamp(0.0, 1.0)
    rows = (torch.minimum(edge + 1, y1) - torch.maximum(edge, y0)).clamp(0.0, 1.0)
    return rows[:, :, None] * columns[:, None, :]


def on_grid(weights: Tensor, grid: tuple[int, ...]) -> Tensor:
    """Weights (K, S, S) on the cells of a layer: (K, H, W), each adding up to 1.

    grid: (..., H, W)
    """
    cells = F.adaptive_avg_pool2d(weights, (grid[-2], grid[-1]))
    return cells / cells.sum((1, 2), keepdim=True).clamp_min(1e-9)
