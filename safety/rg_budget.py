"""Why the transparent backbone draws an object badly: its squared error, split exactly.

The error image is the sum of one residual image per step (each coarse graining, then the top).  The
residuals are orthogonal, so a step's part at a pixel, residual times error, adds up to the squared
error of the pixel over all steps, and to the energy that the step dropped over all pixels.  A part
can be negative where a residual works against the others, only its sums cannot.  From the coarsest
scale on, decoding is the transpose of encoding, so the same part splits over the maps that entered
the step.  How the latents tell the coarsest scale does not matter: what they miss stays in it.
C channels, H rows, W columns, L scales, S side of the image [px]; images are (1, 3, S, S).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.errors import BadInput
from road_clarity.models.rg_backbone import BLOCK, RgBackbone
from road_clarity.safety.passage import IMAGE, LATENT, checked


@dataclass(frozen=True, eq=False)
class FrameBudget:
    """All that the squared error of one frame is made of."""

    steps: tuple[str, ...]  # encoder.1 ... encoder.L, latent
    dropped: tuple[Tensor, ...]  # what each step lost of its own input: (C, H, W)
    filters: tuple[Tensor, ...]  # (m, C, 2, 2) of each scale
    error: Tensor  # (3, S, S)
    maps: Tensor  # (L + 1, S, S): part of each step in each pixel's squared error


@dataclass(frozen=True, eq=False)
class ObjectBudget:
    """The squared error of an object, summed over its pixels and colours."""

    steps: tuple[str, ...]
    parts: Tensor  # (L + 1,): they add up to the error
    shares: Tensor  # (L + 1,): of the error, they add up to 1
    largest: int  # the step that lost most
    maps_of: str  # the layer whose maps entered that step
    map_shares: Tensor  # (C,): of what that step lost, they add up to 1


@torch.no_grad()
def frame_budget(net: RgBackbone, x: Tensor) -> FrameBudget:
    """Raises BadInput for an unfitted network or a frame with nan."""
    scales = net.grainings()
    filters = tuple(scale.get_buffer("filters") for scale in scales)
    if not bool(torch.isfinite(filters[0]).all()):
        raise BadInput("backbone", "without weights", "fit it to frames first")
    inputs = [checked(net, x), *net.encoder_features(x)]
    kept = [scale.decode(y) for scale, y in zip(scales, inputs[1:], strict=True)]
    kept.append(net.decoder_features(net.encode(x)[0])[0])
    dropped = tuple((one - same)[0] for one, same in zip(inputs, kept, strict=True))
    residuals = in_pixels(dropped, filters)
    error = residuals.sum(0)
    steps = (*(f"encoder.{i}" for i in range(1, len(scales) + 1)), LATENT)
    return FrameBudget(steps, dropped, filters, error, (residuals * error).sum(1))


def in_pixels(dropped: tuple[Tensor, ...], filters: tuple[Tensor, ...]) -> Tensor:
    """Residual image of every step: (L + 1, 3, S, S)"""
    batch = dropped[-1][None]
    for lost, modes in zip(reversed(dropped[:-1]), reversed(filters), strict=True):
        batch = torch.cat([lost[None], F.conv_transpose2d(batch, modes, stride=BLOCK)])
    return batch


def object_budget(frame: FrameBudget, inside: Tensor) -> ObjectBudget:
    """inside: (S, S) covered part of each pixel"""
    parts = (frame.maps * inside).sum((1, 2))
    largest = int(parts.argmax())
    wanted = (frame.error * inside)[None]
    for modes in frame.filters[:largest]:
        wanted = F.conv2d(wanted, modes, stride=BLOCK)
    by_map = (frame.dropped[largest] * wanted[0]).sum((1, 2))
    return ObjectBudget(
        frame.steps,
        parts,
        shares_of(parts),
        largest,
        IMAGE if largest == 0 else f"encoder.{largest}",
        shares_of(by_map),
    )


def shares_of(parts: Tensor) -> Tensor:
    """They add up to 1; nothing lost is lost by all alike."""
    total = parts.sum()
    return parts / total if float(total) > 0.0 else torch.full_like(parts, 1 / len(parts))
