"""What the pipeline costs on this machine: stage times, and ratios of figures taken in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from road_clarity.models.scnn import MessagePassing, SlicePass
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import Perception

FEATURES = (1, 128, 36, 100)  # the published SCNN's map: batch, channels, rows, columns
WARM_UP = 5  # frames that load caches and are not counted


def stage_times(perception: Perception, frames: Iterable[Frame]) -> dict[str, dict[str, float]]:
    """p50 and p99 of every stage over the frames, after the warm-up [ms]."""
    rows = [perception.step(frame).latency_ms for frame in frames][WARM_UP:]
    return {
        stage: {
            "p50": float(np.percentile([row[stage] for row in rows], 50)),
            "p99": float(np.percentile([row[stage] for row in rows], 99)),
        }
        for stage in (rows[0] if rows else ())
    }


@torch.inference_mode()
def message_passing(rounds: int = 7) -> dict[str, float]:
    """SCNN's message passing against the straightforward loop, interleaved [ms]."""
    torch.manual_seed(0)
    passing, x = MessagePassing(FEATURES[1]).eval(), torch.randn(FEATURES)
    loop, ours = [], []
    for _ in range(rounds):
        loop.append(milliseconds(lambda: straightforward(passing, x)))
        ours.append(milliseconds(lambda: passing(x)))
    return {"loop": median(loop), "ours": median(ours), "ratio": median(loop) / median(ours)}


def straightforward(passing: MessagePassing, x: Tensor) -> Tensor:
    """One conv2d a slice on contiguous maps, as the paper writes it down."""
    for direction in (passing.up_down, passing.down_up, passing.left_right, passing.right_left):
        x = one_direction(direction, x)
    return x


def one_direction(direction: SlicePass, x: Tensor) -> Tensor:
    weight = direction.weight.contiguous()
    slices = list(x.contiguous().split(1, dim=direction.dim))
    slices = slices[::-1] if direction.reverse else slices
    for i in range(1, len(slices)):
        slices[i] = slices[i] + F.conv2d(slices[i - 1], weight, padding=direction.padding).relu()
    return torch.cat(slices[::-1] if direction.reverse else slices, dim=direction.dim)


def milliseconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1e3
