"""What the world model asks of an autoencoder, whatever is inside, and what calm means to it.

B batch, D latent dimensions, S side of the image [px]; images are (B, 3, S, S) in [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.models.errors import BadInput
from road_clarity.models.nominal import CalmScores, CalmSpread, Whitening


class Autoencoder(nn.Module):
    """Sees the road through D numbers: what it cannot draw again, it has not met before."""

    stored: torch.dtype = torch.float16  # of the weights file

    def __init__(self, side: int, latents: int) -> None:
        super().__init__()
        self.side, self.latents = side, latents
        self.calm_latent = Whitening(latents)
        self.calm_pixels = CalmSpread(side, side)  # of the log of the smoothed error
        self.calm_still = CalmSpread(3)  # of the scores of safety.anomaly.look
        self.calm = CalmScores()  # of these scores joined

    def encoder_features(self, x: Tensor) -> list[Tensor]:
        """Activations after each encoder layer, finest first."""
        raise NotImplementedError

    def decoder_features(self, z: Tensor) -> list[Tensor]:
        """Activations after each decoder layer, the image (B, 3, S, S) last."""
        raise NotImplementedError

    def owns(self, layer: str) -> bool:
        """Whether this layer of the decoder has weights that the encoder does not use as well."""
        return True

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-> mu, logsigma, each (B, D)"""
        raise NotImplementedError

    def look(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """-> encoder_features(x), mu"""
        return self.encoder_features(x), self.encode(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder_features(z)[-1]

    def reconstruct(self, x: Tensor) -> Tensor:
        """The picture of the most likely latent: same frame, same picture."""
        return self.decode(self.encode(x)[0])


def check_weights(network: nn.Module) -> None:
    """Raises BadInput when a weight is no number; a missing calibration is no fault."""
    for name, values in network.state_dict().items():
        if not name.startswith("calm") and not bool(values.isfinite().all()):
            remedy = "is no number: the network was never fitted, or its training fell apart"
            raise BadInput("weight", name, remedy)
