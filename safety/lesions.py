"""Networks that were hurt on purpose: what an explanation must find, because we know where it is.

Planted faults are to explanations what labelled pictures are to detectors ("On the Road to
Clarity", arXiv:2404.17350, asks for causes; here they are known).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.pca import Pca
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.models.vae import Vae
from road_clarity.safety.cause import Cause, cause_at
from road_clarity.safety.object_view import trace
from road_clarity.safety.passage import LATENT, object_and_ring, painted_over
from road_clarity.safety.scene import Box


@dataclass(frozen=True, eq=False)
class Lesion:
    """A hurt copy of a network, and the truth about it."""

    network: Autoencoder
    layer: str  # 'encoder.2', 'latent', 'decoder.1'
    cause: Cause
    channels: tuple[int, ...]  # that were hurt


def lesion_layers(net: Autoencoder) -> list[str]:
    """The layers of a network that can be hurt, in the order in which a frame passes them."""
    return list(weights_by_layer(net))


def dead_channels(net: Autoencoder, layer: str, channels: Sequence[int]) -> Lesion:
    """These channels say nothing any more: weights and bias are 0."""
    hurt = copy.deepcopy(net)
    for rows in of_layer(hurt, layer):
        rows[list(channels)] = 0.0
    return Lesion(hurt, layer, cause_at(layer, Cause.DEAD_CHANNEL), tuple(channels))


def silenced(net: Autoencoder, layer: str) -> Lesion:
    """No channel of the layer says anything any more."""
    return dead_channels(net, layer, range(len(of_layer(net, layer)[0])))


def scrambled(net: Autoencoder, layer: str, seed: int) -> Lesion:
    """The layer's weights are noise of the same size; its bias stays."""
    hurt = copy.deepcopy(net)
    chance = torch.Generator().manual_seed(seed)
    weights = of_layer(hurt, layer)[0]
    weights.copy_(torch.randn(weights.shape, generator=chance) * weights.square().mean().sqrt())
    return Lesion(hurt, layer, cause_at(layer, Cause.BROKEN_LAYER), tuple(range(len(weights))))


@torch.no_grad()
def carriers(
    net: Autoencoder, x: Tensor, box: Box, size: tuple[int, int], layer: str, count: int
) -> list[int]:
    """The channels in which painting the object over changes most, strongest first.

    x: (1, 3, S, S); box in pixels of the source image of `size` (W, H)
    """
    pair = torch.cat([x, painted_over(x, *object_and_ring([box], size, net.side))])
    features = features_of(net, pair, layer)
    return trace(features, 1).topk(count).indices.tolist()


def features_of(net: Autoencoder, pictures: Tensor, layer: str) -> Tensor:
    """(B, 3, S, S) -> (B, C, H, W)"""
    latents = net.encode(pictures)[0]
    if layer == LATENT:
        return latents[:, :, None, None]
    way, number = layer.split(".")
    found = net.encoder_features(pictures) if way == "encoder" else net.decoder_features(latents)
    return found[int(number) - 1]


def of_layer(net: Autoencoder, layer: str) -> tuple[Tensor, ...]:
    """Weights, then bias if any, of the layer: views that can be written to, channel by channel."""
    by_layer = weights_by_layer(net)
    if layer not in by_layer:
        raise BadInput("layer", layer, f"use one of {', '.join(by_layer)}")
    return by_layer[layer]


def weights_by_layer(net: Autoencoder) -> dict[str, tuple[Tensor, ...]]:
    """(C, ...) each; a layer of the transparent backbone serves both ways and has one entry.

    Its couplings are left out: they redraw a few per cent of the error, less than streets differ.
    """
    match net:
        case Vae():
            down = {f"encoder.{i}": of_module(c) for i, c in enumerate(net.encoder, 1)}
            up = {f"decoder.{i}": of_module(c, 1) for i, c in enumerate(net.decoder, 1)}
            return {**down, LATENT: of_module(net.mu), **up}
        case RgBackbone():
            scales = {
                f"encoder.{i}": (scale.get_buffer("filters"),)
                for i, scale in enumerate(net.grainings(), 1)
            }
            return {**scales, LATENT: (net.get_buffer("top_modes").T,)}
        case Pca():
            return {LATENT: (net.get_buffer("components"),)}
    raise BadInput("network", type(net).__name__, "lesions are known for Vae, RgBackbone and Pca")


def of_module(module: nn.Module, out_axis: int = 0) -> tuple[Tensor, ...]:
    """Weight and bias, outgoing channels first."""
    weight, bias = module.get_parameter("weight").data, module.get_parameter("bias").data
    return weight.transpose(0, out_axis), bias
