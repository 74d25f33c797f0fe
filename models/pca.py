"""Principal components of whole frames: the best linear code of D numbers, what others must beat.

Probabilistic PCA (Tipping & Bishop 1999); the components by subspace iteration (Halko et al. 2011,
arXiv:0909.4061, algorithm 4.4).
B batch, N frames, n = 3 * S * S values of a frame, D latents; images are (B, 3, S, S) in [0, 1].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.rg_backbone import LEAST_VARIANCE

SPARE = 16  # directions more than are kept, so that the last ones converge, too
ROUNDS = 8


class Pca(Autoencoder):
    """Frame to D latents and back, linearly; the latents of the fitted frames have variance 1."""

    def __init__(self, side: int = 64, latents: int = 32) -> None:
        super().__init__(side, latents)
        values = 3 * side * side
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("components", torch.full((latents, values), math.nan))
        self.register_buffer("variance", torch.ones(latents))  # along each component
        self.register_buffer("noise", torch.ones(()))  # mean variance of a direction left out

    def owns(self, layer: str) -> bool:
        """Decoding is the transpose of encoding."""
        return False

    def fit(self, frames: Tensor) -> None:
        """Compute all weights from frames (N, 3, S, S).  Raises BadInput if they hardly vary."""
        x = frames.flatten(1)
        mean = x.mean(0)
        components, variances = strongest(x - mean, self.latents)
        left_out = float(x.var(0, correction=0).sum() - variances.sum())
        self.get_buffer("mean").copy_(mean)
        self.get_buffer("components").copy_(components)
        self.get_buffer("variance").copy_(variances)
        self.get_buffer("noise").fill_(left_out / (len(mean) - self.latents))

    def encoder_features(self, x: Tensor) -> list[Tensor]:
        """No layers between frame and latents."""
        return []

    def decoder_features(self, z: Tensor) -> list[Tensor]:
        """The image (B, 3, S, S) alone."""
        flat = (z * self.get_buffer("variance").sqrt()) @ self.get_buffer("components")
        return [(flat + self.get_buffer("mean")).view(-1, 3, self.side, self.side)]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        variance = self.get_buffer("variance")
        centred = x.flatten(1) - self.get_buffer("mean")
        mu = centred @ self.get_buffer("components").T / variance.sqrt()
        logsigma = 0.5 * (self.get_buffer("noise") / variance).log()
        return mu, logsigma.expand_as(mu)

    def latent_maps(self) -> Tensor:
        """The picture that one unit of each latent adds, everywhere the same: (D, 3, S, S)"""
        maps = self.get_buffer("components") * self.get_buffer("variance").sqrt()[:, None]
        return maps.view(-1, 3, self.side, self.side)


def strongest(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Directions (count, n) along which centred vectors x (N, n) vary most, and their variances.

    Raises BadInput when fewer vary.
    """
    chance = torch.Generator().manual_seed(0)
    basis = torch.randn(x.shape[1], count + SPARE, generator=chance, dtype=x.dtype)
    for _ in range(ROUNDS):
        basis = torch.linalg.qr(x.T @ (x @ basis)).Q
    _, sizes, turns = torch.linalg.svd(x @ basis, full_matrices=False)
    variances = sizes.square() / len(x)
    found = int((variances > LEAST_VARIANCE).sum())
    if found < count:
        raise BadInput("frames", f"with {found} independent modes", f"{count} must vary")
    components = (basis @ turns.T).T[:count]
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    return components * largest.sign(), variances[:count]
