"""Convolutional variational autoencoder of World Models (Ha & Schmidhuber 2018, arXiv:1803.10122).

Appendix A.1 there; after Kingma & Welling 2013 (arXiv:1312.6114).
B batch, D latent dimensions; images are (B, 3, 64, 64) in [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.models.nominal import CalmScores, CalmSpread, Whitening

IMAGE_SIZE = 64  # [px]
LATENT_SIZE = 32
ENCODER = ((3, 32), (32, 64), (64, 128), (128, 256))  # all kernel 4, stride 2: 31, 14, 6, 2 px
DECODER = ((1024, 128, 5), (128, 64, 5), (64, 32, 6), (32, 3, 6))  # stride 2: 5, 13, 30, 64 px


class Vae(nn.Module):
    """Sees the road through 32 numbers: what it cannot draw again, it has not met before."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(nn.Conv2d(i, o, 4, stride=2) for i, o in ENCODER)
        self.mu = nn.Linear(1024, LATENT_SIZE)
        self.logsigma = nn.Linear(1024, LATENT_SIZE)
        self.expand = nn.Linear(LATENT_SIZE, 1024)
        self.decoder = nn.ModuleList(nn.ConvTranspose2d(i, o, k, stride=2) for i, o, k in DECODER)
        self.calm_latent = Whitening(LATENT_SIZE)
        self.calm_pixels = CalmSpread(IMAGE_SIZE, IMAGE_SIZE)  # of the log of the smoothed error
        self.calm_still = CalmSpread(3)  # of the scores of safety.anomaly.look
        self.calm = CalmScores()  # of these scores joined

    def encoder_features(self, x: Tensor) -> list[Tensor]:
        """Activations after each encoder layer: (B, 32, 31, 31) ... (B, 256, 2, 2)"""
        features = []
        for layer in self.encoder:
            x = layer(x).relu()
            features.append(x)
        return features

    def decoder_features(self, z: Tensor) -> list[Tensor]:
        """Activations after each decoder layer: (B, 128, 5, 5) ... the image (B, 3, 64, 64)"""
        x = self.expand(z).relu()[:, :, None, None]  # (B, 1024, 1, 1)
        features = []
        for layer in self.decoder[:-1]:
            x = layer(x).relu()
            features.append(x)
        return [*features, self.decoder[-1](x).sigmoid()]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-> mu, logsigma, each (B, D)"""
        flat = self.encoder_features(x)[-1].flatten(1)
        return self.mu(flat), self.logsigma(flat)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder_features(z)[-1]

    def reconstruct(self, x: Tensor) -> Tensor:
        """The picture of the most likely latent: same frame, same picture."""
        return self.decode(self.encode(x)[0])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """-> picture of a sampled latent, mu, logsigma"""
        mu, logsigma = self.encode(x)
        return self.decode(mu + logsigma.exp() * torch.randn_like(mu)), mu, logsigma


def elbo_loss(picture: Tensor, x: Tensor, mu: Tensor, logsigma: Tensor, beta: float) -> Tensor:
    """Summed squared error plus beta times the divergence from N(0, I) [nats], mean over the batch.

    beta (Higgins et al. 2017) below 1 is a decoder that is surer of its pixels: sharper pictures.
    """
    error = (picture - x).square().sum(dim=(1, 2, 3))
    divergence = 0.5 * (mu.square() + (2 * logsigma).exp() - 1 - 2 * logsigma).sum(1)
    return (error + beta * divergence).mean()
