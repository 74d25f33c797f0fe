"""Is an export worth it?  Its graphs and torch as it would run otherwise answer in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from road_clarity.pipeline.backends.graph import Graph

ROUNDS = 15
WARM_UP = 3  # rounds that do not count

Questions = Mapping[str, Sequence[Tensor]]  # what each entry was asked last


@torch.inference_mode()
def race(
    torch_graphs: Mapping[str, Graph], exported: Mapping[str, Graph], asked: Questions
) -> dict[str, Any]:
    """Milliseconds of all entries together, by the median of ROUNDS, and how often faster."""
    times: dict[str, list[list[float]]] = {"torch": [], "export": []}
    for _ in range(ROUNDS + WARM_UP):
        for name, graphs in (("torch", torch_graphs), ("export", exported)):
            times[name].append([seconds(graphs[entry], inputs) for entry, inputs in asked.items()])
    torch_ms, export_ms = (
        1e3 * float(np.median(times[name][WARM_UP:], axis=0).sum()) for name in times
    )
    return {
        "torch_precision": next(iter(torch_graphs.values())).runtime.precision,
        "torch_ms": round(torch_ms, 3),
        "export_ms": round(export_ms, 3),
        "ratio": round(torch_ms / export_ms, 3),
    }


def seconds(graph: Graph, inputs: Sequence[Tensor]) -> float:
    began = perf_counter()
    graph.run(inputs)
    return perf_counter() - began
