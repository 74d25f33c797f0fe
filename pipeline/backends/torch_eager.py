"""torch itself, operation by operation: what needs no export.  bfloat16 by autocast."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from road_clarity.models.ffnet import FFNet
from road_clarity.models.scnn import LaneHeads
from road_clarity.pipeline.backends.entries import Entry
from road_clarity.pipeline.backends.graph import Flat, float32
from road_clarity.pipeline.backends.runtime import BF16, Runtime

CONVOLUTIONAL = (LaneHeads, FFNet)  # faster with all channels of a pixel side by side


class TorchGraph:
    def __init__(self, network: nn.Module, entry: Entry, precision: str, device: str) -> None:
        if isinstance(network, CONVOLUTIONAL):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._flat = Flat(network, entry)
        self._halved, self._device = precision == BF16, device.partition(":")[0]
        self.runtime = Runtime("torch", torch.__version__, precision, device)

    def run(self, inputs: Sequence[Tensor], explained: bool = False) -> tuple[Tensor, ...]:
        with torch.autocast(self._device, torch.bfloat16, enabled=self._halved):
            said = self._flat(*inputs) if explained else self._flat.bare(inputs)
        return float32(said)
