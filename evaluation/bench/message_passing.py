"""SCNN's message passing, every way it can be computed here, against the loop of the paper."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from road_clarity.evaluation.bench.rounds import in_turn
from road_clarity.models.errors import BadInput
from road_clarity.models.message_passing import (
    LOOP,
    CudaGraph,
    Kernel,
    MessagePassing,
    Packed,
    SlicePass,
)
from road_clarity.pipeline.compiled_passes import CompiledPasses

FEATURES = (1, 128, 36, 100)  # the published SCNN's map: batch, channels, rows, columns
PLAIN = "conv2d per slice"  # what ports of SCNN do


@dataclass(frozen=True, kw_only=True)
class PassingRow:
    """One way to pass the messages of the published map."""

    device: str
    way: str
    ms_p50: float
    ms_p99: float
    ms_best: float
    rounds: int
    ratio: float  # times as fast as the plain loop on that device, by p50
    error: float  # largest departure from float64; the answer's numbers reach about 6


def message_passing(seconds: float) -> list[PassingRow]:
    """seconds: on each device, for all ways together"""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    return [row for device in devices for row in on_device(device, seconds)]


@torch.inference_mode()
def on_device(device: str, seconds: float) -> list[PassingRow]:
    torch.manual_seed(0)
    passing, x = MessagePassing(FEATURES[1]).eval().to(device), torch.randn(FEATURES, device=device)
    exact = straightforward(deepcopy(passing).double(), x.double())
    ways = {PLAIN: finished(lambda: straightforward(passing, x), device)}
    for name, kernels in kernels_for(device).items():
        ways[name] = finished(computed_by(kernels, passing, x), device)
    times = in_turn(ways, seconds)
    return [
        PassingRow(
            device=device,
            way=name,
            ms_p50=times[name].p50,
            ms_p99=times[name].p99,
            ms_best=times[name].best,
            rounds=times[name].count,
            ratio=times[PLAIN].p50 / times[name].p50,
            error=float((way() - exact).abs().max()),
        )
        for name, way in ways.items()
    ]


def kernels_for(device: str) -> dict[str, tuple[Kernel, ...]]:
    """What this machine has, by name; the loop needs none."""
    found: dict[str, tuple[Kernel, ...]] = {LOOP: ()}
    if device == "cuda":
        return found | {CudaGraph.name: (CudaGraph(),)}
    found[Packed.name] = (Packed(),)
    with suppress(BadInput):  # without a compiler
        found[CompiledPasses.name] = (CompiledPasses(),)
    return found


def computed_by(
    kernels: tuple[Kernel, ...], passing: MessagePassing, x: Tensor
) -> Callable[[], Tensor]:
    ours = deepcopy(passing)
    ours.kernels = kernels
    return lambda: ours(x)


def finished(work: Callable[[], Tensor], device: str) -> Callable[[], Tensor]:
    """The work, waited for: a GPU answers before it has computed."""
    if device == "cpu":
        return work

    def waited() -> Tensor:
        answer = work()
        torch.cuda.synchronize()
        return answer

    return waited


def straightforward(passing: MessagePassing, x: Tensor) -> Tensor:
    """One conv2d a slice on contiguous maps, as the paper writes it down."""
    for one in passing.passes:
        x = one_direction(one, x)
    return x


def one_direction(one: SlicePass, x: Tensor) -> Tensor:
    weight = one.weight.contiguous()
    slices = list(x.contiguous().split(1, dim=one.dim))
    for before, here in pairwise(one.order(len(slices))):
        message = F.conv2d(slices[before], weight, padding=one.padding)
        slices[here] = slices[here] + message.relu()
    return torch.cat(slices, dim=one.dim)
