"""What each latent draws: the latent grid of On the Road to Clarity (arXiv:2404.17350).

One latent is moved, all others stay those of the frame; where the picture follows is what the
latent stands for.  A linear autoencoder has one answer for all frames (`latent_maps`), the
transparent backbone one for each latent vector (`local_maps`), which this one then equals.
D latents, S side of the image [px].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput

STEPS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)  # of a latent [its calm deviations]
ACTIVE = 0.01  # divergence from the prior above which a latent says anything [nat]
CHUNK = 64  # pictures at a time


class Link(NamedTuple):
    """Part of what a latent draws that lies on something in the scene."""

    latent: int
    name: str  # of a class or an object
    share: float  # of its sensitivity, 0..1


@torch.no_grad()
def latent_grid(net: Autoencoder, mu: Tensor, sigma: Tensor | None = None) -> Tensor:
    """Every latent moved by STEPS from the frame's value: (D, 7, 3, S, S)

    mu: (D,) of the frame      sigma: (D,) one step; the latent's calm deviation unless given
    """
    moves = torch.tensor(STEPS)[None, :, None] * step_sizes(net, mu, sigma).diag()[:, None]
    z = mu + moves  # (D, 7, D)
    return decoded(net, z.flatten(0, 1)).view(*z.shape[:2], 3, net.side, net.side)


@torch.no_grad()
def sensitivity(net: Autoencoder, mu: Tensor, sigma: Tensor | None = None) -> Tensor:
    """Change of each pixel with each latent, absolute, mean over colours: (D, S, S)

    mu, sigma: (D,) as for latent_grid; the step is one sigma each way.
    """
    sizes = step_sizes(net, mu, sigma)
    up, down = (decoded(net, mu + way * sizes.diag()) for way in (1.0, -1.0))
    return (up - down).abs().mean(1) / (2 * sizes[:, None, None])


def links(net: Autoencoder, mu: Tensor, masks: Mapping[str, Tensor]) -> list[Link]:
    """How much of each latent's sensitivity lies in each mask, largest share first.

    mu: (D,) of the frame      masks: (S, S) weights 0..1 by the name of a class or an object
    """
    maps = sensitivity(net, mu)
    whole = maps.sum((1, 2)).clamp_min(1e-12)
    shares = {name: (maps * mask).sum((1, 2)) / whole for name, mask in masks.items()}
    found = [
        Link(latent, name, share)
        for name, by_latent in shares.items()
        for latent, share in enumerate(by_latent.tolist())
    ]
    return sorted(found, key=lambda one: -one.share)


def active_dimensions(mu: Tensor, logsigma: Tensor) -> tuple[list[int], Tensor]:
    """Latents that say something about frames, most telling first, and the divergence of all.

    mu, logsigma: (N, D) of many frames      returns: numbers, (D,) mean divergence [nat]
    """
    divergence = 0.5 * (mu.square() + (2 * logsigma).exp() - 1 - 2 * logsigma).mean(0)
    order = divergence.argsort(descending=True).tolist()
    return [number for number in order if float(divergence[number]) > ACTIVE], divergence


def step_sizes(net: Autoencoder, mu: Tensor, sigma: Tensor | None) -> Tensor:
    """(D,) of the latents' steps.  Raises BadInput for latents of another number or with nan."""
    if tuple(mu.shape) != (net.latents,) or not bool(torch.isfinite(mu).all()):
        raise BadInput("latents", f"of shape {tuple(mu.shape)}", f"give {net.latents} finite ones")
    return calm_deviation(net) if sigma is None else sigma


def calm_deviation(net: Autoencoder) -> Tensor:
    """Of each latent over calm frames; 1, as its prior has it, before calibration: (D,)"""
    matrix = net.calm_latent.get_buffer("matrix")  # covariance^(-1/2)
    if not bool(torch.isfinite(matrix).all()):
        return torch.ones(net.latents)
    covariance: Tensor = torch.linalg.pinv(matrix @ matrix)
    return covariance.diagonal().clamp_min(1e-12).sqrt()


def decoded(net: Autoencoder, z: Tensor) -> Tensor:
    """(B, D) -> (B, 3, S, S)"""
    return torch.cat([net.decode(part) for part in z.split(CHUNK)])
