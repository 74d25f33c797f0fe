"""The memory of the world model: which latent comes next (Ha & Schmidhuber 2018, arXiv:1803.10122).

Appendix A.2, but with a deterministic head on the change, mu[t+1] = mu[t] + head(h[t]), instead of
a mixture: relevance propagation (Arras et al. 2017) is then well defined.
B batch, T steps of STEP_S, D latent dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.models.nominal import CalmScores, CalmSpread, Whitening
from road_clarity.models.vae import LATENT_SIZE

HIDDEN_SIZE = 256
STEP_S = 0.1  # time between two latents [s]

State = tuple[Tensor, Tensor]  # hidden and cell, each (1, B, HIDDEN_SIZE)


class LatentLstm(nn.Module):
    """Reads latents at a fixed rate and says how the drive goes on."""

    stored: torch.dtype = torch.float16  # of the weights file

    def __init__(self, latents: int = LATENT_SIZE) -> None:
        super().__init__()
        self.latents = latents
        self.lstm = nn.LSTM(latents, HIDDEN_SIZE, batch_first=True)
        self.head = nn.Linear(HIDDEN_SIZE, latents)
        nn.init.zeros_(self.head.weight)  # before training: nothing changes
        nn.init.zeros_(self.head.bias)
        self.calm_change = Whitening(latents)  # of the one-step prediction errors
        self.calm_motion = CalmSpread(1)  # of the log of the surprise
        self.calm_surprise = CalmScores()
        self.calm = CalmScores()  # of surprise and the frame's own scores joined

    def forward(self, z: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """z: (B, T, D) -> for each step the latent expected next (B, T, D), and the last state"""
        hidden, after = self.lstm(z, state)
        return z + self.head(hidden), after

    def step(self, z: Tensor, state: State | None) -> tuple[Tensor, State]:
        """z: (B, D) -> the next latent (B, D), state"""
        following, after = self(z[:, None], state)
        return following[:, 0], after

    def dream(self, z: Tensor, state: State | None, horizon: int) -> Tensor:
        """The next `horizon` latents after z (B, D), each fed back in: (B, horizon, D)"""
        dreamt = []
        for _ in range(horizon):
            z, state = self.step(z, state)
            dreamt.append(z)
        return torch.stack(dreamt, dim=1)


def go_on(before: Tensor, z: Tensor, horizon: int) -> Tensor:
    """What needs no memory: latents that keep their last velocity.

    Two neighbouring steps (B, D) -> the next `horizon` (B, horizon, D)
    """
    ahead = torch.arange(1, horizon + 1, device=z.device, dtype=z.dtype)
    return z[:, None] + ahead[:, None] * (z - before)[:, None]
