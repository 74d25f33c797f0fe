"""How much a network computes: multiply-accumulates and parameters.

torch's own counter, attention included: papers that count layers only give LoRAT-B 27.9 GMACs, here
it has 29.8.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@torch.inference_mode()
def gmacs(network: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """Multiply-accumulates of one call [1e9].

    Shapes alone are computed: without data, no fused kernel hides its work from the counter.
    """
    shapes = deepcopy(network).to("meta")
    with FlopCounterMode(display=False) as counter:
        shapes(*(x.to("meta") for x in inputs))
    return float(counter.get_total_flops()) / 2e9


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
