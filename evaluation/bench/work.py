"""How much a network computes: multiply-accumulates and parameters, counted while it runs once.

torch's own counter, attention included: papers that count layers only give LoRAT-B 27.9 GMACs, here
it has 29.8.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

Shape = tuple[int, ...]


def fused_lstm_flops(
    x: Shape, input_weight: Shape, hidden_weight: Shape, *_: Any, **__: Any
) -> int:
    """torch has no formula for oneDNN's LSTM layer.  x: (T, B, inputs)"""
    return 2 * prod(x[:2]) * (prod(input_weight) + prod(hidden_weight))


FORMULAS = {torch.ops.aten.mkldnn_rnn_layer: fused_lstm_flops}


@torch.inference_mode()
def gmacs(network: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """Multiply-accumulates of one call [1e9]."""
    with FlopCounterMode(display=False, custom_mapping=FORMULAS) as counter:
        network(*inputs)
    return float(counter.get_total_flops()) / 2e9


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
