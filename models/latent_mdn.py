"""The memory that knows of several futures: a mixture of Gaussians for every latent.

World Models (Ha & Schmidhuber 2018, arXiv:1803.10122, appendix A.2), after mixture density networks
(Bishop 1994).  Where the deterministic head draws the mean of "she crosses" and "she waits", a
sample of the mixture is one of the two.
B batch, T steps of STEP_S, D latents, K Gaussians per latent.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from road_clarity.models.latent_lstm import HIDDEN_SIZE, LatentLstm, State
from road_clarity.models.vae import LATENT_SIZE

MIXTURES = 5
SPREAD = 0.1  # first deviation of each Gaussian, and how far apart they begin


class Mixture(NamedTuple):
    """What each latent may be next."""

    log_weight: Tensor  # (..., D, K), normalised over K
    mean: Tensor  # (..., D, K)
    log_deviation: Tensor  # (..., D, K)

    def expected(self) -> Tensor:
        """(..., D)"""
        return (self.log_weight.exp() * self.mean).sum(-1)

    def nll(self, z: Tensor) -> Tensor:
        """How surprising the latents z (..., D) are [nats], over all of them together: (...)"""
        deviations = (z[..., None] - self.mean) * (-self.log_deviation).exp()
        log_density = -0.5 * (deviations.square() + math.log(2 * math.pi)) - self.log_deviation
        return -(self.log_weight + log_density).logsumexp(-1).sum(-1)

    def sample(self, temperature: float, chance: torch.Generator | None = None) -> Tensor:
        """One of the futures, (..., D).  temperature: 0 likeliest, 1 as learnt"""
        if temperature == 0:
            chosen = self.log_weight.argmax(-1, keepdim=True)
            return self.mean.gather(-1, chosen)[..., 0]
        flat = (self.log_weight / temperature).softmax(-1).flatten(0, -2)
        chosen = torch.multinomial(flat, 1, generator=chance).view(*self.mean.shape[:-1], 1)
        mean, log_deviation = (
            part.gather(-1, chosen)[..., 0] for part in (self.mean, self.log_deviation)
        )
        noise = torch.randn(mean.shape, generator=chance, dtype=mean.dtype, device=mean.device)
        return mean + noise * log_deviation.exp() * math.sqrt(temperature)


class LatentMdn(LatentLstm):
    """In place of LatentLstm it answers with the mean of the mixture."""

    def __init__(self, latents: int = LATENT_SIZE) -> None:
        super().__init__(latents)
        self.head = nn.Linear(HIDDEN_SIZE, 3 * MIXTURES * latents)
        nn.init.zeros_(self.head.weight)
        apart = SPREAD * torch.linspace(-1, 1, MIXTURES)
        first = torch.stack(
            [torch.zeros(MIXTURES), apart, torch.full((MIXTURES,), math.log(SPREAD))]
        )
        self.head.bias.data.copy_(first[None].expand(latents, -1, -1).flatten())

    def mixture(self, z: Tensor, state: State | None = None) -> tuple[Mixture, State]:
        """z: (B, T, D) -> for each step what may come next, and the last state"""
        hidden, after = self.lstm(z, state)
        weight, change, log_deviation = (
            self.head(hidden).unflatten(-1, (-1, 3, MIXTURES)).unbind(-2)
        )
        return Mixture(weight.log_softmax(-1), z[..., None] + change, log_deviation), after

    def forward(self, z: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        mixture, after = self.mixture(z, state)
        return mixture.expected(), after

    def dream_one(
        self,
        z: Tensor,
        state: State | None,
        horizon: int,
        temperature: float = 1.0,
        chance: torch.Generator | None = None,
    ) -> Tensor:
        """One of the ways on from z (B, D), each step drawn from its mixture: (B, horizon, D)"""
        dreamt = []
        for _ in range(horizon):
            mixture, state = self.mixture(z[:, None], state)
            z = mixture.sample(temperature, chance)[:, 0]
            dreamt.append(z)
        return torch.stack(dreamt, dim=1)
