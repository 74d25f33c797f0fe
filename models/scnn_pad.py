"""SCNN as pytorch-auto-drive trains it (github.com/voldemortX/pytorch-auto-drive, VGG16).

The same layers as the published network, and two differences in the message passing that its
weights were trained with: every message has a bias, and on the way up and to the left the last
slice, row 0 and column 0, stays as it was.  Colours are normalised with ImageNet's mean and spread.
B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from road_clarity.models.efficientnet_lite import IMAGENET_MEAN, IMAGENET_STD
from road_clarity.models.scnn import REACH, ScnnVgg16

# how keys begin: in pytorch-auto-drive -> here
NAMES = {
    "encoder.net.": "backbone.",
    "fc67.": "layer1.",
    "scnn.conv_d.": "message_passing.up_down.",
    "scnn.conv_u.": "message_passing.down_up.",
    "scnn.conv_r.": "message_passing.left_right.",
    "scnn.conv_l.": "message_passing.right_left.",
    "fc8.": "layer2.",
    "lane_classifier.linear1.": "fc.0.",
    "lane_classifier.linear2.": "fc.2.",
}


def from_pad(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """pytorch-auto-drive's keys -> ours; a key of neither stays for the check to name."""
    return {renamed(key): value for key, value in state.items()}


def renamed(key: str) -> str:
    begin = next((one for one in NAMES if key.startswith(one)), "")
    return NAMES[begin] + key.removeprefix(begin) if begin else key


class BiasedPass(nn.Conv2d):
    """X'_s = X_s + relu(K * X'_{s-1} + b); in reverse the last slice hears nothing."""

    def __init__(self, channels: int, *, rows: bool, reverse: bool) -> None:
        kernel = (1, REACH) if rows else (REACH, 1)
        padding = (0, REACH // 2) if rows else (REACH // 2, 0)
        super().__init__(channels, channels, kernel, padding=padding)
        self.dim, self.reverse = (2 if rows else 3), reverse

    def forward(self, x: Tensor) -> Tensor:
        slices = list(x.split(1, dim=self.dim))
        if self.reverse:
            slices.reverse()
        for i in range(1, len(slices) - self.reverse):
            slices[i] = slices[i] + super().forward(slices[i - 1]).relu()
        if self.reverse:
            slices.reverse()
        return torch.cat(slices, dim=self.dim)


class BiasedPassing(nn.Module):
    """Down, up, right, left.  (B, C, H, W) -> same"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.up_down = BiasedPass(channels, rows=True, reverse=False)
        self.down_up = BiasedPass(channels, rows=True, reverse=True)
        self.left_right = BiasedPass(channels, rows=False, reverse=False)
        self.right_left = BiasedPass(channels, rows=False, reverse=True)

    def forward(self, x: Tensor) -> Tensor:
        for direction in (self.up_down, self.down_up, self.left_right, self.right_left):
            x = direction(x)
        return x


class ScnnVgg16Pad(ScnnVgg16):
    """The published sizes with pytorch-auto-drive's message passing and colours."""

    mean, std = IMAGENET_MEAN, IMAGENET_STD

    def __init__(self, input_size: tuple[int, int] = (288, 800)) -> None:
        super().__init__(input_size)
        self.message_passing = BiasedPassing(128)  # type: ignore[assignment]
