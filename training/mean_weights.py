"""Exponential mean of a network's weights over its training (Polyak & Juditsky 1992)."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def blend(mean: nn.Module, network: nn.Module, memory: float) -> None:
    """mean <- memory * mean + (1 - memory) * network, running statistics included."""
    now = network.state_dict()
    for key, value in mean.state_dict().items():
        if value.is_floating_point():
            value.lerp_(now[key], 1 - memory)
        else:
            value.copy_(now[key])
