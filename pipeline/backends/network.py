"""A network by the name of its weights, running on the backend that was asked for.

A backend that was asked for by name and cannot be had is a BadInput with its remedy; `auto` takes
the export that was measured to be faster than torch, where there is one.  Once a graph is mounted
the torch weights are let go, so that nothing else could answer in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.fastest_det import FastestDet
from road_clarity.models.ffnet import FFNet
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.lorat import Lorat
from road_clarity.models.scnn import LaneHeads
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.entries import Entry, Size, entries, input_size
from road_clarity.pipeline.backends.exported import fastest, find, key_of
from road_clarity.pipeline.backends.graph import Flat, Graph, mount
from road_clarity.pipeline.backends.runtime import TORCH, Runtime, RuntimeConfig, Way, ways
from road_clarity.pipeline.backends.torch_eager import TorchGraph


@dataclass(frozen=True, eq=False)
class Running:
    """A network in eval mode whose methods a backend answers."""

    network: Any  # one of models.registry
    card: Card
    graphs: dict[str, Graph]  # by the network's method

    @property
    def runtime(self) -> Runtime:
        return next(iter(self.graphs.values())).runtime

    def explain(self, *inputs: Tensor) -> tuple[Any, Tensor]:
        """The network's answer, and the map (B, C, h, w) of its explained layer."""
        entry = next(one for one in entries(self.network) if one.explains)
        *outputs, seen = self.graphs[entry.method].run(inputs, explained=True)
        return entry.answer(outputs), seen


KINDS: dict[type[nn.Module], str] = {
    LaneHeads: "an SCNN", FFNet: "an FFNet", Lorat: "a LoRAT", Autoencoder: "an autoencoder",
    LatentLstm: "a memory", FastestDet: "a FastestDet",
}  # fmt: skip


def load(
    name: str,
    kind: type[nn.Module],
    settings: RuntimeConfig,
    device: str = "cpu",
    size: Size | None = None,
) -> Running:
    """The network with the weights of that name, of one of KINDS.  Raises BadInput.

    size: (width, height) that FFNet is going to see; the others have one size only
    """
    network, card = weights.load(name, device)
    if not isinstance(network, kind):
        raise BadInput("weights", name, f"are of {card.architecture}; it must be {KINDS[kind]}")
    way, folder = chosen(network, card, settings, device, size)
    if folder is None:
        return running(network, card, torch_graphs(network, way.precision, device))
    graphs = open_graphs(network, folder, way.backend, way.precision, device)
    release(network)
    return running(network, card, graphs)


def chosen(
    network: nn.Module, card: Card, settings: RuntimeConfig, device: str, size: Size | None
) -> tuple[Way, Path | None]:
    """The way to run it, and the folder of its export if it is one.  Raises BadInput."""
    *exported, last = ways(settings, device)
    if exported:  # auto
        best = fastest(card.name, card.sha256, input_size(network, size), exported)
        return best or (last, None)
    if last.backend == TORCH:
        return last, None
    return last, find(key_of(card.name, last, input_size(network, size)), card.sha256)


def running(network: nn.Module, card: Card, graphs: dict[str, Graph]) -> Running:
    mount(network, graphs)
    return Running(network, card, graphs)


def torch_graphs(network: nn.Module, precision: str, device: str) -> dict[str, Graph]:
    return {
        entry.method: TorchGraph(network, entry, precision, device) for entry in entries(network)
    }


def open_graphs(
    network: nn.Module, folder: Path, backend: str, precision: str, device: str
) -> dict[str, Graph]:
    """The exported graphs in the folder, one per entry.  Raises BadInput."""
    return {
        entry.method: open_graph(backend, entry, folder / entry.method, precision, device)
        for entry in entries(network)
    }


def open_graph(backend: str, entry: Entry, path: Path, precision: str, device: str) -> Graph:
    """path: without its suffix"""
    if backend == "onnx":
        from road_clarity.pipeline.backends.onnx_runtime import OnnxGraph

        return OnnxGraph(path, entry.outputs, precision, device)
    from road_clarity.pipeline.backends.openvino_ir import OpenVinoGraph

    return OpenVinoGraph(path, len(entry.outputs), precision, device)


def write_graph(backend: str, flat: Flat, inputs: tuple[Tensor, ...], path: Path) -> None:
    """Export one entry.  path: without its suffix.  Raises BadInput."""
    if backend == "onnx":
        from road_clarity.pipeline.backends.onnx_runtime import write
    else:
        from road_clarity.pipeline.backends.openvino_ir import write
    write(flat, inputs, path)


def release(network: nn.Module) -> None:
    """Let go of what the graphs hold themselves; buffers such as the calibration stay."""
    for parameter in network.parameters():
        parameter.data = torch.empty(0)
