"""Is an export worth it?  Its graphs and torch as it would run otherwise answer in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from road_clarity.pipeline.backends.graph import Graph

QUESTIONS = 15  # of each entry, evenly spread over all that it was asked
TRIES = 3  # at each question; the fastest counts, for only other work makes a call slower

Inputs = Sequence[Tensor]


@torch.inference_mode()
def race(
    torch_graphs: Mapping[str, Graph],
    exported: Mapping[str, Graph],
    asked: Mapping[str, Sequence[Inputs]],
) -> dict[str, Any]:
    """Milliseconds of a call, as often as each entry was asked, and how many times as fast.

    asked: by entry, all that it was asked
    """
    times = np.array(
        [in_turn(torch_graphs[entry], exported[entry], asked[entry]) for entry in asked]
    )
    shares = np.array([len(questions) for questions in asked.values()], float)
    torch_ms, export_ms = (1e3 * shares @ times / shares.sum()).tolist()
    return {
        "torch_precision": next(iter(torch_graphs.values())).runtime.precision,
        "torch_ms": round(torch_ms, 3),
        "export_ms": round(export_ms, 3),
        "ratio": round(torch_ms / export_ms, 3),
    }


def in_turn(torch_graph: Graph, exported: Graph, asked: Sequence[Inputs]) -> list[float]:
    """Mean time of a question to either [s]"""
    both = (torch_graph, exported)
    picked = {round(place) for place in np.linspace(0, len(asked) - 1, QUESTIONS)}
    rows = []
    for number in sorted(picked):
        tries = [[seconds(graph, asked[number]) for graph in both] for _ in range(TRIES)]
        rows.append(np.min(tries, axis=0))
    means: list[float] = np.mean(rows, axis=0).tolist()
    return means


def seconds(graph: Graph, inputs: Inputs) -> float:
    began = perf_counter()
    graph.run(inputs)
    return perf_counter() - began
