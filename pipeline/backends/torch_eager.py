"""torch itself, operation by operation: what needs no export.  bfloat16 by autocast."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from road_clarity.models.fastest_det import FastestDet
from road_clarity.models.ffnet import FFNet
from road_clarity.models.lorat import Lorat
from road_clarity.models.scnn import LaneHeads
from road_clarity.pipeline.backends.batch_norms import fold_batch_norms
from road_clarity.pipeline.backends.entries import Entry, examples
from road_clarity.pipeline.backends.graph import Flat, float32
from road_clarity.pipeline.backends.runtime import BF16, Runtime

CONVOLUTIONAL = (LaneHeads, FFNet, FastestDet)  # faster with all channels of a pixel side by side
ANY_SIZE = (64, 64)  # of an image for FFNet, which takes all [px]


class TorchGraph:
    def __init__(self, network: nn.Module, entry: Entry, precision: str, device: str) -> None:
        flat = Flat(network, entry)
        if isinstance(network, CONVOLUTIONAL):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if isinstance(network, (*CONVOLUTIONAL, Lorat)):
            size = ANY_SIZE if isinstance(network, FFNet) else None
            fold_batch_norms(flat, [x.to(device) for x in examples(network, entry, size)])
        self._network, self._flat = network, flat
        self._precision, self._device = precision, device

    @property
    def runtime(self) -> Runtime:
        return Runtime("torch", torch.__version__, self._precision, self._provider())

    @torch.no_grad()
    def _provider(self) -> str:
        """The device, and what computes the message passing there."""
        if not isinstance(self._network, LaneHeads):
            return self._device
        kind = torch.bfloat16 if self._precision == BF16 else torch.float32
        way = self._network.message_passing.way(torch.empty(0, dtype=kind, device=self._device))
        return f"{self._device}, message passing {way}"

    def run(self, inputs: Sequence[Tensor], explained: bool = False) -> tuple[Tensor, ...]:
        halved = self._precision == BF16
        with torch.autocast(self._device.partition(":")[0], torch.bfloat16, enabled=halved):
            said = self._flat(*inputs) if explained else self._flat.bare(inputs)
        return float32(said)
