"""Muon for the weight matrices of the blocks, AdamW for the rest.

Muon (Jordan 2024) orthogonalises every step of a weight matrix: a transformer trained from nothing
needs about half the steps.  Rates are matched to AdamW's (Liu et al. 2025, arXiv:2502.16982).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.training.schedules import cosine, warm_up

WARM_UP = 60  # steps
LAST_SHARE = 0.02  # of the learning rate at the end
WEIGHT_DECAY = 0.05
CLIP = 1.0
ADAM_SHARE = 0.5  # AdamW's rate beside Muon's


def course(step: int, steps: int) -> float:
    """Share of the learning rate at a step."""
    return warm_up(step, WARM_UP) * cosine(step, steps, LAST_SHARE)


def with_muon(network: nn.Module) -> list[torch.optim.Optimizer]:
    """For all weights of a transformer that is trained from nothing."""
    named = learning(network)
    inside = [p for name, p in named if p.ndim == 2 and "blocks." in name]
    orthogonal = {id(p) for p in inside}
    rest = [(name, p) for name, p in named if id(p) not in orthogonal]
    groups = [group | {"share": ADAM_SHARE} for group in decay_groups(rest, WEIGHT_DECAY)]
    muon = torch.optim.Muon(inside, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw")
    return [torch.optim.AdamW(groups), muon]


def adam(network: nn.Module, weight_decay: float) -> list[torch.optim.Optimizer]:
    """For the weights that are not frozen."""
    return [torch.optim.AdamW(decay_groups(learning(network), weight_decay))]


def learning(network: nn.Module) -> list[tuple[str, Tensor]]:
    """Names and weights that are not frozen."""
    return [(name, p) for name, p in network.named_parameters() if p.requires_grad]


def decay_groups(named: list[tuple[str, Tensor]], weight_decay: float) -> list[dict[str, object]]:
    """Vectors and embeddings do not decay."""
    decays = [p for name, p in named if p.ndim > 1 and "embed" not in name]
    others = [p for name, p in named if p.ndim <= 1 or "embed" in name]
    return [
        {"params": decays, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
