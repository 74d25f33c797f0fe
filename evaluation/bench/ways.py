"""Ways to run a network that this machine has.  Eager fp32 on plain tensors is the reference."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from road_clarity.evaluation.bench.message_passing import kernels_for
from road_clarity.evaluation.bench.subjects import Subject
from road_clarity.models.errors import BadInput
from road_clarity.models.scnn import LaneHeads
from road_clarity.pipeline.backends.graph import Flat, float32
from road_clarity.pipeline.backends.network import open_graph, write_graph
from road_clarity.pipeline.backends.runtime import (
    BF16,
    FP32,
    RuntimeConfig,
    resolve_precision,
)
from road_clarity.pipeline.backends.torch_eager import TorchGraph
from road_clarity.pipeline.compiled_passes import CompiledPasses

EXPORTED = {"onnx", "openvino"}  # backends that want a file
NEEDED = {"torch": ("torch",), "onnx": ("onnxruntime", "onnx"), "openvino": ("openvino",)}

Call = Callable[[], tuple[Tensor, ...]]  # answers the subject's input in fp32


class Way(NamedTuple):
    backend: str
    precision: str


REFERENCE = Way("eager", FP32)
WITH_COMPILED = "torch + compiled passes"  # message passing by the kernel compiled for this CPU


def available(asked: Subject) -> list[Way]:
    """The reference first, then what is installed and what this CPU can."""
    passes = isinstance(asked.network, LaneHeads) and CompiledPasses.name in kernels_for("cpu")
    backends = ["torch", *([WITH_COMPILED] if passes else []), *sorted(EXPORTED)]
    everywhere = [Way(backend, precision) for backend in backends for precision in (FP32, BF16)]
    return [REFERENCE, *(way for way in everywhere if is_there(way))]


def is_there(way: Way) -> bool:
    backend = way.backend if way.backend in EXPORTED else "torch"
    try:
        resolve_precision(RuntimeConfig(backend=backend, precision=way.precision), "cpu")
    except BadInput:
        return False
    return all(find_spec(package) is not None for package in NEEDED[backend])


def export(asked: Subject, folder: Path) -> None:
    """Write the subject for every backend that wants a file."""
    flat = Flat(asked.network, asked.entry)
    for backend in EXPORTED & {way.backend for way in available(asked)}:
        path = exported(asked, backend, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_graph(backend, flat, asked.inputs, path)


def exported(asked: Subject, backend: str, folder: Path) -> Path:
    """Where its graph lies, without the suffix."""
    return folder / backend / asked.model / asked.entry.method


def call(asked: Subject, way: Way, folder: Path) -> Call:
    """The subject made ready to answer that way.  folder: of its exports"""
    if way.backend in EXPORTED:
        path = exported(asked, way.backend, folder)
        graph = open_graph(way.backend, asked.entry, path, way.precision, "cpu")
        return lambda: graph.run(asked.inputs)
    network = deepcopy(asked.network)
    if isinstance(network, LaneHeads):
        choose_passes(network, way)
    if way == REFERENCE:
        flat = Flat(network, asked.entry)
        return lambda: float32(flat.bare(asked.inputs))
    eager = TorchGraph(network, asked.entry, way.precision, "cpu")
    return lambda: eager.run(asked.inputs)


def choose_passes(network: LaneHeads, way: Way) -> None:
    """The reference passes messages by the formula alone."""
    passing = network.message_passing
    if way == REFERENCE:
        passing.kernels = ()
    elif way.backend == WITH_COMPILED:
        passing.kernels = (CompiledPasses(), *passing.kernels)


def difference(said: tuple[Tensor, ...], reference: tuple[Tensor, ...]) -> float:
    """The largest departure from the reference [standard deviations of the reference]."""
    pairs = zip(said, reference, strict=True)
    return max(float((a - b).abs().max() / b.std()) for a, b in pairs)
