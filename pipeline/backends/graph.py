"""What every backend offers: one function of a network as a graph of plain tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from road_clarity.models.explained_layer import as_map, overheard
from road_clarity.pipeline.backends.entries import EXPLAINED, Entry, entries
from road_clarity.pipeline.backends.runtime import Runtime


class Graph(Protocol):
    """One entry of a network, ready to run."""

    @property
    def runtime(self) -> Runtime: ...

    def run(self, inputs: Sequence[Tensor], explained: bool = False) -> tuple[Tensor, ...]:
        """float32 outputs in the entry's order; then the explained map (B, C, h, w) if asked for.

        Networks without an explained layer have no such map.
        """
        ...


class Flat(nn.Module):
    """An entry in torch, with the explained map as its last output: what is exported and run."""

    def __init__(self, network: nn.Module, entry: Entry) -> None:
        super().__init__()
        self.network, self.entry = network, entry
        self._method = getattr(type(network), entry.method)  # whatever is mounted on the instance
        self.explains = entry.explains and hasattr(network, "explained_layer")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Their names, in order."""
        return (*self.entry.outputs, EXPLAINED) if self.explains else self.entry.outputs

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        if not self.explains:
            return self.bare(inputs)
        with overheard(self.network) as heard:
            said = self.bare(inputs)
        return *said, as_map(self.network, heard[0])

    def bare(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        answer = self._method(self.network, *self.entry.arguments(inputs))
        return self.entry.outputs_of(answer)


def mount(network: nn.Module, graphs: Mapping[str, Graph]) -> None:
    """Let the graphs answer in place of the network's own methods."""
    for entry in entries(network):
        setattr(network, entry.method, partial(ask, entry, graphs[entry.method]))


def ask(entry: Entry, graph: Graph, *arguments: Any) -> Any:
    """Call the graph as if it were the method."""
    return entry.answer(graph.run(entry.flat(*arguments)))


def float32(outputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return tuple(one.to(torch.float32) for one in outputs)
