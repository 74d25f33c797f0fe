"""SCNN's message passing against the loop that the paper suggests, one conv2d a slice."""

from __future__ import annotations

from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from road_clarity.evaluation.bench.rounds import milliseconds
from road_clarity.models.message_passing import MessagePassing, SlicePass

FEATURES = (1, 128, 36, 100)  # the published SCNN's map: batch, channels, rows, columns


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
