"""Convolutional variational autoencoder of World Models (Ha & Schmidhuber 2018, arXiv:1803.10122).

Appendix A.1 there; after Kingma & Welling 2013 (arXiv:1312.6114).  The larger one is ours: one more
convolution on each side.
B batch, D latent dimensions, S side of the image [px]; images are (B, 3, S, S) in [0, 1].
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder

IMAGE_SIZE = 64  # [px] of the published one
LATENT_SIZE = 32
CODE = 256 * 2 * 2  # numbers that the convolutions leave
# side -> channels after each convolution, all of kernel 4 and stride 2
ENCODERS = {64: (32, 64, 128, 256), 128: (32, 64, 128, 256, 256)}
# side -> channels and kernel of each transposed convolution, all of stride 2
DECODERS = {
    64: ((128, 5), (64, 5), (32, 6), (3, 6)),  # 5, 13, 30, 64 px
    128: ((128, 5), (64, 5), (32, 6), (16, 5), (3, 4)),  # 5, 13, 30, 63, 128 px
}


class Vae(Autoencoder):
    """An autoencoder that is trained."""

    def __init__(self, side: int = IMAGE_SIZE, latents: int = LATENT_SIZE) -> None:
        super().__init__(side, latents)
        down, up = (3, *ENCODERS[side]), (CODE, *(width for width, _ in DECODERS[side]))
        self.encoder = nn.ModuleList(nn.Conv2d(*pair, 4, stride=2) for pair in pairs(down))
        self.mu = nn.Linear(CODE, latents)
        self.logsigma = nn.Linear(CODE, latents)
        self.expand = nn.Linear(latents, CODE)
        self.decoder = nn.ModuleList(
            nn.ConvTranspose2d(*pair, kernel, stride=2)
            for pair, (_, kernel) in zip(pairs(up), DECODERS[side], strict=True)
        )

    def encoder_features(self, x: Tensor) -> list[Tensor]:
        """64 px: (B, 32, 31, 31) ... (B, 256, 2, 2)"""
        features = []
        for layer in self.encoder:
            x = layer(x).relu()
            features.append(x)
        return features

    def decoder_features(self, z: Tensor) -> list[Tensor]:
        """64 px: (B, 128, 5, 5) ... the image (B, 3, 64, 64)"""
        x = from_one_cell(cast(nn.ConvTranspose2d, self.decoder[0]), self.expand(z).relu()).relu()
        features = [x]
        for layer in self.decoder[1:-1]:
            x = layer(x).relu()
            features.append(x)
        return [*features, self.decoder[-1](x).sigmoid()]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        flat = self.encoder_features(x)[-1].flatten(1)
        return self.mu(flat), self.logsigma(flat)

    def look(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        features = self.encoder_features(x)
        return features, self.mu(features[-1].flatten(1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """-> picture of a sampled latent, mu, logsigma"""
        mu, logsigma = self.encode(x)
        return self.decode(mu + logsigma.exp() * torch.randn_like(mu)), mu, logsigma


def from_one_cell(layer: nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """The layer's answer to a grid of one cell, as the matrix product it is: 15 times faster.

    (B, C) -> (B, C', k, k)
    """
    cells = (x @ layer.weight.flatten(1)).view(-1, *layer.weight.shape[1:])
    return cells + layer.get_parameter("bias")[:, None, None]


def pairs(widths: tuple[int, ...]) -> list[tuple[int, int]]:
    """Each width with the one after it."""
    return list(zip(widths[:-1], widths[1:], strict=True))


def elbo_loss(picture: Tensor, x: Tensor, mu: Tensor, logsigma: Tensor, beta: float) -> Tensor:
    """Summed squared error plus beta times the divergence from N(0, I) [nats], mean over the batch.

    beta (Higgins et al. 2017) below 1 is a decoder that is surer of its pixels: sharper pictures.
    """
    error = (picture - x).square().sum(dim=(1, 2, 3))
    divergence = 0.5 * (mu.square() + (2 * logsigma).exp() - 1 - 2 * logsigma).sum(1)
    return (error + beta * divergence).mean()
