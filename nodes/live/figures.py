"""Figures of a measurement, from what was heard.  Latency: from an image's stamp to its risk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from road_clarity.nodes.live.ear import Heard, HeardRisk


@dataclass(frozen=True)
class Spread:
    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """nan of nothing."""
        if not values:
            return cls(float("nan"), float("nan"), float("nan"))
        p50, p99 = np.percentile(values, (50, 99))
        return cls(float(p50), float(p99), float(max(values)))


@dataclass(frozen=True, kw_only=True)
class LiveFigures:
    """Of one stretch of time."""

    seconds: float
    camera_fps: float  # images that the camera took
    received_fps: float  # that reached the networks' process
    lost_share: float  # of the images that did not
    full_stack_fps: float  # images that were given to networks
    risk_fps: float
    latency_ms: Spread  # of every image, with the newest parts there are
    own_latency_ms: Spread  # of the images that networks looked at, with their own parts
    part_age_ms: dict[str, Spread]  # when a risk was told
    longest_silence_ms: float  # of the risk topic
    targets: float  # tracks in the mean
    rungs: dict[str, float]  # share of the risks told there
    levels: dict[str, float]
    explained_fps: float
    traced_fps: float  # to layer and feature maps
    cores: dict[str, float]  # that a process keeps busy
    memory_mib: dict[str, float]


def figures(
    heard: Heard, seconds: float, cores: dict[str, float], memory_mib: dict[str, float]
) -> LiveFigures:
    risks = first_of_each(heard.risks)
    latency = {one.stamp_ns: (one.heard_ns - one.stamp_ns) * 1e-6 for one in risks}
    lost = heard.images - heard.received - {max(heard.images, default=0)}
    return LiveFigures(
        seconds=seconds,
        camera_fps=len(heard.images) / seconds,
        received_fps=len(heard.received) / seconds,
        lost_share=len(lost) / max(1, len(heard.images)),
        full_stack_fps=len(heard.rounds) / seconds,
        risk_fps=len(risks) / seconds,
        latency_ms=Spread.of(list(latency.values())),
        own_latency_ms=Spread.of([latency[at] for at in heard.rounds if at in latency]),
        part_age_ms={
            part: Spread.of([one.ages_s[part] * 1e3 for one in risks if one.ages_s[part] >= 0])
            for part in (risks[0].ages_s if risks else ())
        },
        longest_silence_ms=longest_silence_ms(heard.risks),
        targets=float(np.mean(heard.targets)) if heard.targets else 0.0,
        rungs=shares([one.rung.name for one in risks]),
        levels=shares([one.level for one in risks]),
        explained_fps=heard.explained / seconds,
        traced_fps=heard.traced / seconds,
        cores=cores,
        memory_mib=memory_mib,
    )


def first_of_each(risks: Sequence[HeardRisk]) -> list[HeardRisk]:
    """What is said again while no image comes speaks of an image that was judged."""
    found: dict[int, HeardRisk] = {}
    for one in risks:
        found.setdefault(one.stamp_ns, one)
    return list(found.values())


def longest_silence_ms(risks: Sequence[HeardRisk]) -> float:
    gaps = [(after.heard_ns - before.heard_ns) * 1e-6 for before, after in pairwise(risks)]
    return max(gaps, default=float("nan"))


def shares(names: Sequence[str]) -> dict[str, float]:
    return {name: count / len(names) for name, count in Counter(names).most_common()}
