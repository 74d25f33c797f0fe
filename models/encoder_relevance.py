"""From latents back to pixels: which pixels, by being as they are, made the latents what they are.

What a latent gained between two frames is divided among the pixels that differ.  Through the
convolutional encoder by the rescale rule of DeepLIFT (Shrikumar, Greenside & Kundaje 2017,
arXiv:1704.02685, section 3.5.1): a rectifier hands its gain on in the ratio of what came out to
what went in.  A linear encoder needs no rule: latent i reads the frame through its own picture A_i,
(A_i . x) / |A_i|^2, however it is drawn.  Biases belong to both frames and drop out, so nothing
gets lost.
B batch, Q questions about each image, D latents, S side [px]; images are (B, 3, S, S) in [0, 1].
"""

from __future__ import annotations

from typing import Protocol, cast, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.vae import Vae

SAME = 1e-6  # difference of two activations below which their ratio is taken as the slope


@runtime_checkable
class LinearCode(Protocol):
    """An autoencoder whose latents are each read through one picture; these are orthogonal."""

    def latent_maps(self) -> Tensor: ...  # (D, 3, S, S)


def pixel_relevance(
    autoencoder: Autoencoder, after: Tensor, before: Tensor, per_unit: Tensor
) -> Tensor:
    """Relevance of what changed at each pixel, two images (B, 3, S, S) -> (B, Q, 3, S, S)

    per_unit: (B, Q, D) relevance of one unit of each latent
    Its sum over an image is per_unit . (mu(after) - mu(before)).
    """
    changed = (after - before)[:, None]
    if isinstance(autoencoder, LinearCode):
        return per_pixel_linear(autoencoder, per_unit) * changed
    if isinstance(autoencoder, Vae):
        return per_pixel_rescaled(autoencoder, after, before, per_unit) * changed
    raise BadInput("autoencoder", type(autoencoder).__name__, "has no way back to pixels")


def per_pixel_linear(code: LinearCode, per_unit: Tensor) -> Tensor:
    """Relevance of one unit of each colour value: (B, Q, D) -> (B, Q, 3, S, S)"""
    maps = code.latent_maps()
    readers = maps / maps.square().sum((1, 2, 3), keepdim=True)
    return torch.einsum("bqd,dchw->bqchw", per_unit, readers)


def per_pixel_rescaled(vae: Vae, after: Tensor, before: Tensor, per_unit: Tensor) -> Tensor:
    """Relevance of one unit of each colour value's change: (B, Q, D) -> (B, Q, 3, S, S)"""
    ratios, sizes = [], []
    layers = [cast(nn.Conv2d, layer) for layer in vae.encoder]
    for layer in layers:
        sizes.append(after.shape[2])
        after, before = layer(after), layer(before)
        ratios.append(rectifier_ratio(after, before))
        after, before = after.relu(), before.relu()
    questions = per_unit.shape[1]
    back = (per_unit @ vae.mu.weight).view(-1, *after.shape[1:])  # (B * Q, 256, 2, 2)
    for layer, ratio, size in reversed(list(zip(layers, ratios, sizes, strict=True))):
        unseen = (size - layer.kernel_size[0]) % layer.stride[0]  # last row and column
        passed = back * ratio.repeat_interleave(questions, 0)
        back = F.conv_transpose2d(passed, layer.weight, stride=layer.stride, output_padding=unseen)
    return back.view(-1, questions, *back.shape[1:])


def rectifier_ratio(after: Tensor, before: Tensor) -> Tensor:
    """What came out over what went in, of the difference of two inputs to a rectifier."""
    difference = after - before
    changed = difference.abs() > SAME
    gain = (after.relu() - before.relu()) / difference.where(changed, 1.0)
    return gain.where(changed, (after + before > 0).to(gain.dtype))
