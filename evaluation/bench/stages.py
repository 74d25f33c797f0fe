"""What the stages of the pipeline cost on a recording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter

from road_clarity.evaluation.bench.rounds import Times
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import Perception

WARM_UP = 5  # frames that load caches and are not counted


@dataclass(frozen=True)
class StageTimes:
    """Of the frames after the warm-up."""

    stages: dict[str, Times]
    fps: float  # frames per second, decoding included


def stage_times(perception: Perception, frames: Iterable[Frame]) -> StageTimes:
    """Raises BadInput when the frames are all warm-up."""
    rows, started = [], perf_counter()
    for index, frame in enumerate(frames):
        if index == WARM_UP:
            started = perf_counter()
        rows.append(perception.step(frame).latency_ms)
    counted = rows[WARM_UP:]
    if not counted:
        raise BadInput("source", f"of {len(rows)} frames", f"give more than {WARM_UP} frames")
    stages = {stage: Times.of([row[stage] for row in counted]) for stage in counted[0]}
    return StageTimes(stages, len(counted) / (perf_counter() - started))
