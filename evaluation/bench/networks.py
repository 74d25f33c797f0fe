"""Networks in every way that this machine has, against eager fp32."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from road_clarity.evaluation.bench.machine import Roof
from road_clarity.evaluation.bench.memory import peak_growth_mib
from road_clarity.evaluation.bench.rounds import Times, in_turn
from road_clarity.evaluation.bench.subjects import Subject, subject
from road_clarity.evaluation.bench.ways import FASTER, REFERENCE, Way, call, difference
from road_clarity.evaluation.bench.work import gmacs, parameters


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
    rounds: int
    ratio: float  # how many times as fast as eager fp32, by p50
    memory_mib: float  # how far the peak of a fresh process grows
    gmacs: float
    gmacs_per_s: float
    roof_share: float  # of the machine's best rate in this precision
    difference: float  # largest departure from eager fp32 [standard deviations of its answer]


def measure(name: str, seconds: float, roof: Roof) -> list[NetworkRow]:
    """All ways of the network of that name, in turn.  Raises BadInput for an unknown name."""
    asked = subject(name)
    with torch.inference_mode():
        calls = {way: call(asked, way) for way in (REFERENCE, *FASTER)}
        said = {way: work() for way, work in calls.items()}
        times = in_turn(calls, seconds)
    differences = {way: difference(answer, said[REFERENCE]) for way, answer in said.items()}
    cost = gmacs(asked.network, asked.inputs)
    return [row(asked, way, times, cost, roof, differences[way]) for way in calls]


def row(
    asked: Subject, way: Way, times: dict[Way, Times], cost: float, roof: Roof, difference: float
) -> NetworkRow:
    taken = times[way]
    rate = cost / taken.p50 * 1e3
    return NetworkRow(
        model=asked.name,
        weights=asked.weights,
        parameters=parameters(asked.network),
        input=asked.size,
        backend=way.backend,
        precision=way.precision,
        ms_p50=taken.p50,
        ms_p99=taken.p99,
        rounds=taken.count,
        ratio=times[REFERENCE].p50 / taken.p50,
        memory_mib=peak_growth_mib(asked.name, way),
        gmacs=cost,
        gmacs_per_s=rate,
        roof_share=roof.share(rate, way.precision),
        difference=difference,
    )
