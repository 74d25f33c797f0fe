"""A world model of 16 px and streets for it, small enough that a hundred of them take no time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.vae import Vae
from road_clarity.safety.calm_layers import CalmLayers, calm_layers
from road_clarity.safety.scene import Box

SIDE, SIZE = 16, (160, 160)  # [px] of the network, of the source image
BOX: Box = (40.0, 40.0, 100.0, 100.0)  # 6 x 6 pixels of the network


class TinyVae(Vae):
    """Two layers each way (7 x 7 and 2 x 2 cells; 5 x 5, then the picture), 4 latents."""

    def __init__(self) -> None:
        Autoencoder.__init__(self, SIDE, 4)
        self.encoder = nn.ModuleList([nn.Conv2d(3, 8, 4, 2), nn.Conv2d(8, 16, 4, 2)])
        self.mu, self.logsigma = nn.Linear(64, 4), nn.Linear(64, 4)
        self.expand = nn.Linear(4, 32)
        self.decoder = nn.ModuleList(
            [nn.ConvTranspose2d(32, 8, 5, 2), nn.ConvTranspose2d(8, 3, 8, 2)]
        )


def tiny_vae() -> TinyVae:
    """Not trained, but loud: every channel speaks."""
    torch.manual_seed(0)
    net = TinyVae().eval().requires_grad_(False)
    for layer in (*net.encoder, net.mu, net.expand, *net.decoder):
        nn.init.kaiming_normal_(layer.weight)
        nn.init.constant_(layer.bias, 0.5)
    net.calm_latent.fit(net.encode(streets(100))[0])
    return net


def streets(count: int, seed: int = 0) -> Tensor:
    """(count, 3, 16, 16): smooth random pictures with an even block in the box."""
    chance = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 4, 4, generator=chance)
    smooth = nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bilinear")
    smooth[:, :, 4:10, 4:10] = torch.rand(count, 3, 1, 1, generator=chance)
    return smooth


def tiny_calm(net: Autoencoder) -> CalmLayers:
    return calm_layers(net, streets(100), [[BOX]] * 100, SIZE)
