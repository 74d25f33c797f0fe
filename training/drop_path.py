"""Stochastic depth (Huang et al. 2016, arXiv:1603.09382), as LoRAT's larger members are trained.

In training, a sample skips a residual branch with a fixed chance; the branch counts more for those
that take it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.models.vit import LayerScale


def drop_paths(blocks: nn.Module, chance: float) -> None:
    """Let both branches of every block be skipped, each by `chance`, whenever it is training."""

    def thin(scale: nn.Module, _: tuple[Tensor, ...], branch: Tensor) -> Tensor:
        """branch: (B, N, D)"""
        if not scale.training:
            return branch
        taken = torch.rand(len(branch), 1, 1).to(branch.device) >= chance
        return branch * taken / (1 - chance)

    for module in blocks.modules():
        if chance and isinstance(module, LayerScale):  # the last of either branch
            module.register_forward_hook(thin)
