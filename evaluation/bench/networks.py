"""Networks in every way that this machine has, against eager fp32."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from road_clarity.evaluation.bench.memory import peak_growth_mib, warm_up
from road_clarity.evaluation.bench.rounds import in_turn
from road_clarity.evaluation.bench.subjects import Subject, subjects
from road_clarity.evaluation.bench.ways import REFERENCE, available, call, difference, export
from road_clarity.evaluation.bench.work import gmacs, parameters
from road_clarity.pipeline.backends.graph import Flat


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """One network, one way."""

    model: str
    weights: str  # the first digits of their sha256, or 'random'
    parameters: int
    input: str  # width x height
    backend: str
    precision: str
    ms_p50: float
    ms_p99: float
    ms_best: float
    rounds: int
    ratio: float  # how many times as fast as eager fp32, by p50
    ratio_best: float  # the same by the best calls: where it differs, the machine was busy
    memory_mib: float  # how far the peak of a fresh process grows
    gmacs: float
    gmacs_per_s: float
    difference: float  # largest departure from eager fp32 [standard deviations of its answer]


def measure(model: str, seconds: float) -> list[NetworkRow]:
    """All functions of a network, each in all ways, in turn.  seconds: for each function"""
    with TemporaryDirectory() as name, torch.inference_mode():
        folder = Path(name)
        export(warm_up(), folder)
        return [row for asked in subjects(model) for row in in_all_ways(asked, seconds, folder)]


def in_all_ways(asked: Subject, seconds: float, folder: Path) -> list[NetworkRow]:
    """folder: where exports may lie while this is measured"""
    export(asked, folder)
    calls = {way: call(asked, way, folder) for way in available(asked)}
    said = {way: work() for way, work in calls.items()}
    times = in_turn(calls, seconds)
    cost = gmacs(Flat(asked.network, asked.entry), asked.inputs)
    return [
        NetworkRow(
            model=asked.name,
            weights=asked.weights,
            parameters=parameters(asked.network),
            input=asked.size,
            backend=way.backend,
            precision=way.precision,
            ms_p50=times[way].p50,
            ms_p99=times[way].p99,
            ms_best=times[way].best,
            rounds=times[way].count,
            ratio=times[REFERENCE].p50 / times[way].p50,
            ratio_best=times[REFERENCE].best / times[way].best,
            memory_mib=peak_growth_mib(asked, way, folder),
            gmacs=cost,
            gmacs_per_s=cost / times[way].p50 * 1e3,
            difference=difference(said[way], said[REFERENCE]),
        )
        for way in calls
    ]
