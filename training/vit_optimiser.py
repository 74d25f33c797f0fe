"""Muon for the weight matrices of the blocks, AdamW for the rest; warm-up, then cosine; clipping.

Muon (Jordan 2024) orthogonalises every step of a weight matrix: a transformer trained from nothing
needs about half the steps.  Rates are matched to AdamW's (Liu et al. 2025, arXiv:2502.16982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

WARM_UP = 60  # steps
LAST_SHARE = 0.02  # of the learning rate at the end
WEIGHT_DECAY = 0.05
CLIP = 1.0
ADAM_SHARE = 0.5  # AdamW's rate beside Muon's


class VitOptimiser:
    """The optimisers of one stage of training under one schedule."""

    def __init__(
        self, networks: Sequence[nn.Module], rate: float, steps: int, *, muon: bool = True
    ) -> None:
        """Only parameters that require gradients learn.  muon=False leaves all to AdamW."""
        named = [pair for net in networks for pair in net.named_parameters()]
        self.parameters = [p for _, p in named if p.requires_grad]
        matrices = [p for n, p in named if p.requires_grad and p.ndim == 2 and "embed" not in n]
        inside = [p for n, p in named if p.requires_grad and p.ndim == 2 and "blocks." in n]
        orthogonal = {id(p) for p in inside} if muon else set()
        decayed = {id(p) for p in matrices} - orthogonal
        rest = [p for p in self.parameters if id(p) not in orthogonal | decayed]
        groups = [
            {"params": [p for p in matrices if id(p) in decayed], "weight_decay": WEIGHT_DECAY},
            {"params": rest, "weight_decay": 0.0},
        ]
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups, lr=rate * (ADAM_SHARE if muon else 1.0))
        ]
        if muon:
            self.optimisers.append(
                torch.optim.Muon(
                    inside, lr=rate, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"
                )
            )
        self.schedules = [
            torch.optim.lr_scheduler.LambdaLR(one, lambda step: share(step, steps))
            for one in self.optimisers
        ]

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`."""
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, CLIP)
        for one in self.optimisers:
            one.step()
            one.zero_grad()
        for schedule in self.schedules:
            schedule.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [one.state_dict() for one in self._stateful()]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        for one, kept in zip(self._stateful(), state, strict=True):
            one.load_state_dict(kept)

    def _stateful(self) -> list[Any]:
        return [*self.optimisers, *self.schedules]


def share(step: int, steps: int) -> float:
    """Of the learning rate, at a step."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    return min(1.0, (step + 1) / WARM_UP) * (LAST_SHARE + (1 - LAST_SHARE) * cosine)
