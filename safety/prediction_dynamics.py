"""What the memory did while it watched: its gates, how long it remembers, where its state went.

Which units matter is asked by silencing them one by one.
T steps of STEP_S, D latents, H hidden units.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.models.lstm_relevance import run
from road_clarity.safety.latent_history import check_history

SHUT, OPEN = 0.1, 0.9  # a gate beyond these is saturated
UNITS = 64  # silenced at a time


class Dynamics(NamedTuple):
    """All (T, H)."""

    enter: Tensor  # input gate
    keep: Tensor  # forget gate
    show: Tensor  # output gate
    cell: Tensor
    hidden: Tensor


class Saturation(NamedTuple):
    """Shares of the moments at which each unit's gate was shut or wide open, (H,) each."""

    shut: Tensor
    open: Tensor


class Trajectory(NamedTuple):
    """The way of the state through its two strongest directions."""

    points: Tensor  # (T, 2)
    explained: Tensor  # (2,) shares of the variance


@torch.no_grad()
def dynamics(memory: LatentLstm, z: Tensor) -> Dynamics:
    """From a blank state over z (T, D)."""
    check_history(memory, z, least=1)
    steps, parts = run(memory.lstm, z[None]), dict(memory.lstm.named_parameters())
    hidden, cell = torch.cat(steps.hidden), torch.cat(steps.cell)  # (T + 1, H), blank first
    told = z @ parts["weight_ih_l0"].T + hidden[:-1] @ parts["weight_hh_l0"].T
    gates = told + parts["bias_ih_l0"] + parts["bias_hh_l0"]
    enter, keep, _, show = gates.sigmoid().chunk(4, dim=1)  # torch orders i, f, g, o
    return Dynamics(enter, keep, show, cell[1:], hidden[1:])


def saturation(gate: Tensor) -> Saturation:
    """gate: (T, H)"""
    return Saturation((gate < SHUT).float().mean(0), (gate > OPEN).float().mean(0))


def memory_steps(keep: Tensor) -> Tensor:
    """How long each unit remembers, 1 / (1 - mean forget gate), in steps: (T, H) -> (H,)"""
    return 1 / (1 - keep.mean(0))


def memory_s(keep: Tensor) -> Tensor:
    """The same in seconds."""
    return STEP_S * memory_steps(keep)


def trajectory(hidden: Tensor) -> Trajectory:
    """Principal components of the states (T, H); T at least 3."""
    if len(hidden) < 3:
        raise BadInput("states", f"of {len(hidden)} steps", "needs 3 to have a trajectory")
    centred = hidden - hidden.mean(0)
    left, sizes, directions = torch.linalg.svd(centred, full_matrices=False)
    largest = directions[:2].gather(1, directions[:2].abs().argmax(1, keepdim=True))[:, 0]
    variance = sizes.square()
    shares = variance[:2] / variance.sum().clamp_min(torch.finfo(variance.dtype).tiny)
    return Trajectory(left[:, :2] * sizes[:2] * largest.sign(), shares)


@torch.no_grad()
def ablation(memory: LatentLstm, z: Tensor) -> Tensor:
    """By how much the mean squared one-step error over z (T, D) grows without each unit: (H,)

    A silenced unit tells neither the head nor the other units anything, from the first step on.
    """
    check_history(memory, z, least=2)
    units = torch.eye(memory.lstm.hidden_size).to(z)
    intact = silenced_error(memory, z, torch.ones_like(units[:1]))
    return torch.cat([silenced_error(memory, z, 1 - part) for part in units.split(UNITS)]) - intact


def silenced_error(memory: LatentLstm, z: Tensor, speaking: Tensor) -> Tensor:
    """Mean squared one-step error over z (T, D) while only some units speak, (B, H) 0 or 1: (B,)"""
    parts = dict(memory.lstm.named_parameters())
    heard = z @ parts["weight_ih_l0"].T + parts["bias_ih_l0"] + parts["bias_hh_l0"]  # (T, 4 H)
    hidden, cell = torch.zeros_like(speaking), torch.zeros_like(speaking)
    error = speaking.new_zeros(len(speaking))
    for t in range(len(z) - 1):
        gates = heard[t] + hidden @ parts["weight_hh_l0"].T
        enter, keep, candidate, show = gates.chunk(4, dim=1)
        cell = keep.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
        hidden = speaking * show.sigmoid() * cell.tanh()
        error += (z[t] + memory.head(hidden) - z[t + 1]).square().mean(1)
    return error / (len(z) - 1)
