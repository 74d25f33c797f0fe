"""ESPNetv2 s=2.0 for Cityscapes (Mehta et al. 2019, arXiv:1811.11431): a teacher for street scenes.

Key-compatible with the checkpoint that its authors published in EdgeNets (MIT).
B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 20  # the train ids of Cityscapes, then background
WIDTHS = (32, 128, 256, 512)  # of the four levels at scale 2.0
DECODER_WIDTHS = (64, 48, 32, CLASSES)
PYRAMID_WIDTH = 10
BRANCHES = 4
POOLING_SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)
MIN_POOLED = 5  # cells


def named(conv: nn.Conv2d | None, norm: int, act: bool) -> nn.ModuleDict:
    """Convolution, batch norm over `norm` channels and PReLU under the encoder's key names."""
    parts: dict[str, nn.Module] = {"conv": conv} if conv is not None else {}
    if norm:
        parts["bn"] = nn.BatchNorm2d(norm)
    if act:
        parts["act"] = nn.PReLU(norm)
    return nn.ModuleDict(parts)


def conv(
    inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    padding = kernel // 2 * dilation
    return nn.Conv2d(
        inside, outside, kernel, stride, padding, dilation=dilation, groups=groups, bias=False
    )


def run(parts: nn.Module, x: Tensor) -> Tensor:
    for part in parts.children():
        x = part(x)
    return x


class Eesp(nn.Module):
    """Reduce, dilate in parallel, add up hierarchically, merge.  Stride 1 keeps a residual link."""

    def __init__(self, inside: int, outside: int, stride: int, reach: int) -> None:
        """reach: largest receptive field of a branch [cells]; larger ones fall back to 3."""
        super().__init__()
        width = outside // BRANCHES
        fields = sorted(size if size <= reach else 3 for size in range(3, 3 + 2 * BRANCHES, 2))
        self.proj_1x1 = named(conv(inside, width, 1, groups=BRANCHES), width, act=True)
        self.spp_dw = nn.ModuleList(
            named(conv(width, width, 3, stride, width, (size - 1) // 2), 0, act=False)
            for size in fields
        )
        self.conv_1x1_exp = named(conv(outside, outside, 1, groups=BRANCHES), outside, act=False)
        self.br_after_cat = named(None, outside, act=True)
        self.module_act = nn.PReLU(outside)
        self.residual = stride == 1

    def forward(self, x: Tensor) -> Tensor:
        reduced = run(self.proj_1x1, x)
        sums = [run(self.spp_dw[0], reduced)]
        for branch in list(self.spp_dw)[1:]:
            sums.append(run(branch, reduced) + sums[-1])
        merged = run(self.conv_1x1_exp, run(self.br_after_cat, torch.cat(sums, dim=1)))
        if not self.residual:
            return merged  # the down-sampler activates
        out: Tensor = self.module_act(merged + x)
        return out


class DownSampler(nn.Module):
    """Halve the map: pooled input beside an EESP, plus what the image itself says at that size."""

    def __init__(self, inside: int, outside: int, reach: int) -> None:
        super().__init__()
        self.eesp = Eesp(inside, outside - inside, stride=2, reach=reach)
        self.avg = nn.AvgPool2d(3, stride=2, padding=1)
        self.inp_reinf = nn.ModuleList(
            [named(conv(3, 3, 3), 3, act=True), named(conv(3, outside, 1), outside, act=False)]
        )
        self.act = nn.PReLU(outside)

    def forward(self, x: Tensor, image: Tensor) -> Tensor:
        out = torch.cat([self.avg(x), self.eesp(x)], dim=1)
        while image.shape[2] > out.shape[2]:
            image = F.avg_pool2d(image, 3, stride=2, padding=1)
        for part in self.inp_reinf:
            image = run(part, image)
        activated: Tensor = self.act(out + image)
        return activated


class Encoder(nn.Module):
    """(B, 3, H, W) -> maps at 1/2, 1/4, 1/8, 1/16"""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = WIDTHS
        self.level1 = named(conv(3, first, 3, stride=2), first, act=True)
        self.level2_0 = DownSampler(first, second, reach=13)
        self.level3_0 = DownSampler(second, third, reach=11)
        self.level3 = nn.Sequential(*(Eesp(third, third, 1, reach=9) for _ in range(3)))
        self.level4_0 = DownSampler(third, fourth, reach=9)
        self.level4 = nn.Sequential(*(Eesp(fourth, fourth, 1, reach=7) for _ in range(7)))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        half = run(self.level1, image)
        quarter = self.level2_0(half, image)
        eighth = self.level3(self.level3_0(quarter, image))
        return half, quarter, eighth, self.level4(self.level4_0(eighth, image))


class Cbr(nn.Module):
    """Convolution, batch norm, PReLU under the decoder's key names."""

    def __init__(self, inside: int, outside: int, kernel: int, groups: int = 1) -> None:
        super().__init__()
        self.cbr = nn.Sequential(
            conv(inside, outside, kernel, groups=groups), nn.BatchNorm2d(outside), nn.PReLU(outside)
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.cbr(x)
        return out


class Br(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.br = nn.Sequential(nn.BatchNorm2d(width), nn.PReLU(width))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.br(x)
        return out


class PyramidPool(nn.Module):
    """Look at the map at five scales with one 3x3 each, shuffle the scales together, merge."""

    def __init__(self, inside: int, outside: int, last: bool) -> None:
        super().__init__()
        width, scales = PYRAMID_WIDTH, len(POOLING_SCALES)
        self.projection_layer = Cbr(inside, width, 1)
        self.stages = nn.ModuleList(conv(width, width, 3, groups=width) for _ in POOLING_SCALES)
        self.merge_layer = nn.Sequential(
            Br(width * scales),
            nn.ChannelShuffle(scales),
            Cbr(width * scales, width, 3, groups=width),
            nn.Conv2d(width, outside, 1, bias=last),
        )
        self.br: nn.Module = nn.Identity() if last else Br(outside)

    def forward(self, x: Tensor) -> Tensor:
        x = self.projection_layer(x)
        looks = [
            self.look(x, stage, scale)
            for stage, scale in zip(self.stages, POOLING_SCALES, strict=True)
        ]
        out: Tensor = self.br(self.merge_layer(torch.cat(looks, dim=1)))
        return out

    @staticmethod
    def look(x: Tensor, stage: nn.Module, scale: float) -> Tensor:
        size = x.shape[2:]
        height, width = (max(math.ceil(side * scale), MIN_POOLED) for side in size)
        if scale < 1:
            return enlarge(stage(F.adaptive_avg_pool2d(x, (height, width))), size)
        if scale > 1:
            return F.adaptive_avg_pool2d(stage(enlarge(x, (height, width))), (size[0], size[1]))
        out: Tensor = stage(x)
        return out


class Merge(nn.Module):
    """An encoder map on its way to the decoder: grouped 3x3, weighted by the map's mean."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.wt_layer = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(inside, outside, 1, bias=False), nn.Sigmoid()
        )
        self.expansion_layer = Cbr(inside, outside, 3, groups=math.gcd(inside, outside))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.expansion_layer(x) * self.wt_layer(x)
        return out


class EspNetV2(nn.Module):
    """RGB normalised as for ImageNet (B, 3, H, W) -> logits (B, 20, H/2, W/2); sides / 16."""

    def __init__(self) -> None:
        super().__init__()
        d1, d2, d3, d4 = DECODER_WIDTHS
        self.base_net = Encoder()
        self.bu_dec_l1 = PyramidPool(WIDTHS[3], d1, last=False)
        self.bu_dec_l2 = PyramidPool(d1, d2, last=False)
        self.bu_dec_l3 = PyramidPool(d2, d3, last=False)
        self.bu_dec_l4 = PyramidPool(d3, d4, last=True)
        self.merge_enc_dec_l2 = Merge(WIDTHS[2], d1)
        self.merge_enc_dec_l3 = Merge(WIDTHS[1], d2)
        self.merge_enc_dec_l4 = Merge(WIDTHS[0], d3)
        self.bu_br_l2 = nn.Sequential(nn.BatchNorm2d(d1), nn.PReLU(d1))
        self.bu_br_l3 = nn.Sequential(nn.BatchNorm2d(d2), nn.PReLU(d2))
        self.bu_br_l4 = nn.Sequential(nn.BatchNorm2d(d3), nn.PReLU(d3))

    def forward(self, image: Tensor) -> Tensor:
        half, quarter, eighth, x = self.base_net(image)
        x = self.bu_dec_l1(x)
        x = self.bu_br_l2(enlarge(x, eighth.shape[2:]) + self.merge_enc_dec_l2(eighth))
        x = self.bu_dec_l2(x)
        x = self.bu_br_l3(enlarge(x, quarter.shape[2:]) + self.merge_enc_dec_l3(quarter))
        x = self.bu_dec_l3(x)
        x = self.bu_br_l4(enlarge(x, half.shape[2:]) + self.merge_enc_dec_l4(half))
        out: Tensor = self.bu_dec_l4(x)
        return out


def enlarge(x: Tensor, size: torch.Size | tuple[int, int]) -> Tensor:
    return F.interpolate(x, tuple(size), mode="bilinear", align_corners=True)


def load_teacher(path: Path) -> EspNetV2:
    """The published network, ready to look."""
    network = EspNetV2()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()
