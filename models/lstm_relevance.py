"""Which past inputs made an LSTM predict what it predicts: layer-wise relevance propagation.

Arras et al. 2017 ("Explaining recurrent neural network predictions", section 3): relevance is
handed back from an output in proportion to what each term added to it; a gate only scales its
signal and receives none.

B batch, T steps, D inputs, H hidden units, O outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

EPSILON = 1e-3  # keeps shares finite where terms cancel


class Relevance(NamedTuple):
    """inputs and start add up to the relevance of the outputs when biases are charged."""

    inputs: Tensor  # (B, T, D)
    start: Tensor  # (B,) of the state before the first step; what biases say ends there or inside
    per_unit: Tensor  # (B, T, D) of one unit of an input: inputs are it times x, plus biases


class Steps(NamedTuple):
    """What the LSTM did; lists have an entry per step, hidden and cell one more at the front."""

    hidden: list[Tensor]  # (B, H)
    cell: list[Tensor]  # (B, H)
    entering: list[Tensor]  # input gate times candidate
    kept: list[Tensor]  # forget gate times previous cell
    candidate: list[Tensor]  # before its tanh


def relevance(
    lstm: nn.LSTM, head: nn.Linear, x: Tensor, outputs: Tensor, *, charge_biases: bool = False
) -> Relevance:
    """Relevance of every input of every step for the head's answer after the last step.

    x: (B, T, D)      outputs: (B, O) relevance to start from, such as the answer in one output
    charge_biases: hand the share of biases and of epsilon on as well, which makes relevance
    conserved to rounding; else they keep theirs, as published.
    """
    steps, parts = run(lstm, x), dict(lstm.named_parameters())
    hidden_size, width = lstm.hidden_size, x.shape[2] + lstm.hidden_size
    candidate = slice(2 * hidden_size, 3 * hidden_size)  # torch orders gates i, f, g, o
    by_input, by_hidden = parts["weight_ih_l0"][candidate], parts["weight_hh_l0"][candidate]
    bias = (parts["bias_ih_l0"] + parts["bias_hh_l0"])[candidate]
    last = steps.hidden[-1]
    of_hidden = through(
        last, head.weight, head.bias, head(last), outputs, hidden_size, charge_biases
    )
    of_cell = torch.zeros_like(of_hidden)
    of_inputs, per_unit = torch.zeros_like(x), torch.zeros_like(x)
    for t in reversed(range(x.shape[1])):
        of_cell = of_cell + of_hidden
        share = of_cell / stabilised(steps.cell[t + 1])
        spread = EPSILON * sign(steps.cell[t + 1]) / 2 if charge_biases else 0.0
        of_candidate = (steps.entering[t] + spread) * share
        of_cell = (steps.kept[t] + spread) * share
        told = steps.candidate[t], of_candidate, width, charge_biases
        of_inputs[:, t] = through(x[:, t], by_input, bias, *told)
        per_unit[:, t] = of_candidate / stabilised(steps.candidate[t]) @ by_input
        of_hidden = through(steps.hidden[t], by_hidden, bias, *told)
    return Relevance(of_inputs, (of_hidden + of_cell).sum(1), per_unit)


def run(lstm: nn.LSTM, x: Tensor) -> Steps:
    """The LSTM over x from a zero state, with what happened inside."""
    parts = dict(lstm.named_parameters())
    bias = parts["bias_ih_l0"] + parts["bias_hh_l0"]
    zero = x.new_zeros(len(x), lstm.hidden_size)
    steps = Steps([zero], [zero], [], [], [])
    for t in range(x.shape[1]):
        told = x[:, t] @ parts["weight_ih_l0"].T + steps.hidden[-1] @ parts["weight_hh_l0"].T
        enter, keep, candidate, show = (told + bias).chunk(4, dim=1)
        steps.candidate.append(candidate)
        steps.entering.append(enter.sigmoid() * candidate.tanh())
        steps.kept.append(keep.sigmoid() * steps.cell[-1])
        steps.cell.append(steps.entering[-1] + steps.kept[-1])
        steps.hidden.append(show.sigmoid() * steps.cell[-1].tanh())
    return steps


def through(
    below: Tensor,
    weight: Tensor,
    bias: Tensor,
    above: Tensor,
    relevance: Tensor,
    width: int,
    charge_biases: bool,
) -> Tensor:
    """Back through a linear layer: below (B, n), weight (m, n), above, relevance (B, m) -> (B, n)

    width: of everything that feeds `above`, among which its bias and epsilon are divided
    """
    share = relevance / stabilised(above)
    out = below * (share @ weight)
    if charge_biases:
        out = out + (share * (bias + EPSILON * sign(above))).sum(1, keepdim=True) / width
    return out


def stabilised(x: Tensor) -> Tensor:
    return x + EPSILON * sign(x)


def sign(x: Tensor) -> Tensor:
    """1 for 0 as well"""
    return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)
