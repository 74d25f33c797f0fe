"""TwinLiteNet (Che et al. 2023, arXiv:2307.10705): drivable area and lane lines, 0.44 M parameters.

An ESPNet encoder (Mehta et al. 2018, arXiv:1803.06815), position and channel attention (Fu et al.
2019, arXiv:1809.02983) and two light decoders.  Module names are those of the published checkpoint.
B batch, C channels, H rows, W columns, N = H W.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INPUT_SIZE = (640, 360)  # width, height
DILATIONS = (1, 2, 4, 8, 16)


class Activated(nn.Module):
    """Normalisation and PReLU, optionally after a convolution.  Base of the small blocks."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, eps=1e-3)
        self.act = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.bn(x))
        return y


class ConvNormAct(Activated):
    """(B, C, H, W) -> (B, C', H/s, W/s)"""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(out)
        self.conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.conv(x))


class Upsample(Activated):
    """(B, C, H, W) -> (B, C', 2H, 2W)"""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__(out)
        self.deconv = nn.ConvTranspose2d(channels, out, 2, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.deconv(x))


class Conv(nn.Module):
    """A bare convolution one level down, as the checkpoint names it."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, dilation: int = 1):
        super().__init__()
        padding = kernel // 2 * dilation
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, dilation, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class SpatialPyramid(nn.Module):
    """ESP: reduce, look with five dilations, sum up.  (B, C, H, W) -> (B, C', H/s, W/s)"""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        branch = out // 5
        self.c1 = Conv(channels, branch, 3 if stride == 2 else 1, stride)
        for dilation in DILATIONS:
            width = out - 4 * branch if dilation == 1 else branch
            self.add_module(f"d{dilation}", Conv(branch, width, 3, dilation=dilation))

    def pyramid(self, x: Tensor) -> Tensor:
        reduced = self.c1(x)
        first, *rest = (self.get_submodule(f"d{d}")(reduced) for d in DILATIONS)
        sums = [rest[0]]
        for wider in rest[1:]:
            sums.append(sums[-1] + wider)
        return torch.cat([first, *sums], dim=1)


class DownPyramid(SpatialPyramid):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__(channels, out, stride=2)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)
        self.act = nn.PReLU(out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.bn(self.pyramid(x)))
        return y


class ResidualPyramid(SpatialPyramid):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, stride=1)
        self.bn = Activated(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn(x + self.pyramid(x))
        return y


class PositionAttention(nn.Module):
    """Every place attends to every place.  (B, C, H, W) -> same"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query_conv = nn.Conv2d(channels, channels // 8, 1)
        self.key_conv = nn.Conv2d(channels, channels // 8, 1)
        self.value_conv = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        query, key = self.query_conv(x).flatten(2), self.key_conv(x).flatten(2)  # (B, C/8, N)
        attention = (query.transpose(1, 2) @ key).softmax(dim=-1)  # (B, N, N)
        seen = self.value_conv(x).flatten(2) @ attention.transpose(1, 2)
        return torch.add(x, self.gamma * seen.view_as(x))


class ChannelAttention(nn.Module):
    """Every channel attends to the channels least like it.  (B, C, H, W) -> same"""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2)  # (B, C, N)
        alike = flat @ flat.transpose(1, 2)
        attention = (alike.amax(dim=-1, keepdim=True) - alike).softmax(dim=-1)
        return torch.add(x, self.gamma * (attention @ flat).view_as(x))


class Encoder(nn.Module):
    """(B, 3, H, W) -> (B, 32, H/8, W/8)"""

    def __init__(self) -> None:
        super().__init__()
        self.level1 = ConvNormAct(3, 16, 3, 2)
        self.b1 = ConvNormAct(19, 19, 3)
        self.level2_0 = DownPyramid(19, 64)
        self.level2 = nn.Sequential(*(ResidualPyramid(64) for _ in range(2)))
        self.b2 = ConvNormAct(131, 131, 3)
        self.level3_0 = DownPyramid(131, 128)
        self.level3 = nn.Sequential(*(ResidualPyramid(128) for _ in range(3)))
        self.b3 = ConvNormAct(256, 32, 3)
        self.sa, self.sc = PositionAttention(32), ChannelAttention()
        self.conv_sa, self.conv_sc = ConvNormAct(32, 32, 3), ConvNormAct(32, 32, 3)
        self.classifier = ConvNormAct(32, 32, 1)

    def forward(self, x: Tensor) -> Tensor:
        half = F.avg_pool2d(x, 3, 2, 1)
        quarter = F.avg_pool2d(half, 3, 2, 1)
        y = self.b1(torch.cat([self.level1(x), half], dim=1))
        first = self.level2_0(y)
        y = self.b2(torch.cat([self.level2(first), first, quarter], dim=1))
        first = self.level3_0(y)
        y = self.b3(torch.cat([first, self.level3(first)], dim=1))
        mixed: Tensor = self.classifier(self.conv_sa(self.sa(y)) + self.conv_sc(self.sc(y)))
        return mixed


class TwinLiteNet(nn.Module):
    """(B, 3, H, W) RGB in [0, 1] -> drivable area and lane-line logits, (B, 2, H, W) each"""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.up_1_1, self.up_1_2 = Upsample(32, 16), Upsample(32, 16)
        self.up_2_1, self.up_2_2 = Upsample(16, 8), Upsample(16, 8)
        self.classifier_1, self.classifier_2 = Upsample(8, 2), Upsample(8, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.encoder(x)
        area = self.classifier_1(self.up_2_1(self.up_1_1(y)))
        lines = self.classifier_2(self.up_2_2(self.up_1_2(y)))
        return area, lines


def load_teacher(path: Path) -> TwinLiteNet:
    """The published network in eval mode.  path: its checkpoint, of a DataParallel module."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = TwinLiteNet()
    network.load_state_dict({key.removeprefix("module."): value for key, value in state.items()})
    return network.eval()
