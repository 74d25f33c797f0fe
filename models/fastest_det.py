"""FastestDet: where people and vehicles are, in one look at a small picture.

The anchor-free detector of github.com/dog-qiuqiu/FastestDet (BSD-3) on ShuffleNetV2 (Ma et al.
2018, arXiv:1807.11164): features of strides 8, 16 and 32 meet at stride 16, a depthwise pyramid
widens what each cell sees (SPP, He et al. 2014, arXiv:1406.4729), and three small heads say of
every cell how much of an object's centre it is, where that centre lies, how large the object is,
and what it is.
Module names are those of its published state dict.

B batch, C channels, K classes, h x w cells of 16 px; images are (B, 3, H, W), BGR in [0, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEM, WIDTHS, REPEATS = 24, (48, 96, 192), (4, 8, 4)
NECK = 96  # channels at which the heads look
CLASSES = 80  # of COCO
# Which of COCO's classes are what a scene speaks of; a rider is a person on a vehicle.
KINDS = {"person": (0,), "vehicle": (2, 3, 5, 6, 7)}
OBJECTNESS = 0.6  # how much it counts against the class in a score: the published way to join them


# Rows, columns that the published weights learnt on [px].  How large something is they say in parts
# of such a picture, whatever they are shown: convolutions see pixels, not the picture's border.
PUBLISHED_SIZE = (352, 352)


class Cells(NamedTuple):
    """What the network says of every cell."""

    objectness: Tensor  # (B, h, w) in 0..1: expected overlap of the box with an object
    boxes: Tensor  # (B, h, w, 4) x0, y0, x1, y1 in parts of the picture
    classes: Tensor  # (B, K, h, w) logits

    def kinds(self) -> Tensor:
        """Logarithm of how likely each of KINDS is: (B, 2, h, w)"""
        sure = self.classes.log_softmax(1)
        return torch.stack([sure[:, list(one)].logsumexp(1) for one in KINDS.values()], 1)

    def scores(self) -> Tensor:
        """Of each of KINDS: (B, 2, h, w) in 0..1"""
        likely = ((1 - OBJECTNESS) * self.kinds()).exp()
        return self.objectness[:, None] ** OBJECTNESS * likely


def conv_norm(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


class ShuffleBlock(nn.Module):
    """A unit of ShuffleNetV2: every second channel is worked on, the others go by.

    (B, C, H, W) -> the same, or (B, C', H/2, W/2) where it halves and all channels are worked on
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        worked = inputs if stride == 2 else inputs // 2
        middle = outputs // 2
        passed = worked if stride == 2 else inputs - worked
        self.branch_main = nn.Sequential(
            *conv_norm(worked, middle, 1), nn.ReLU(),
            *conv_norm(middle, middle, 3, stride, groups=middle),
            *conv_norm(middle, outputs - passed, 1), nn.ReLU(),
        )  # fmt: skip
        if stride == 2:
            self.branch_proj = nn.Sequential(
                *conv_norm(inputs, inputs, 3, 2, groups=inputs),
                *conv_norm(inputs, inputs, 1), nn.ReLU(),
            )  # fmt: skip
        self.halves = stride == 2

    def forward(self, x: Tensor) -> Tensor:
        if self.halves:
            return torch.cat([self.branch_proj(x), self.branch_main(x)], 1)
        return torch.cat([x[:, 0::2], self.branch_main(x[:, 1::2])], 1)


class ShuffleNet(nn.Module):
    """(B, 3, H, W) -> features of strides 8, 16 and 32"""

    def __init__(self) -> None:
        super().__init__()
        self.first_conv = nn.Sequential(*conv_norm(3, STEM, 3, 2), nn.ReLU())
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = (STEM, *WIDTHS[:-1])
        self.stage2, self.stage3, self.stage4 = (
            nn.Sequential(
                ShuffleBlock(before, after, 2),
                *(ShuffleBlock(after, after, 1) for _ in range(repeats - 1)),
            )
            for before, after, repeats in zip(inputs, WIDTHS, REPEATS, strict=True)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.stage2(self.maxpool(self.first_conv(x)))
        middle = self.stage3(fine)
        return fine, middle, self.stage4(middle)


class Pointwise(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1x1 = nn.Sequential(*conv_norm(inputs, outputs, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv1x1(x)
        return out


class Pyramid(nn.Module):
    """Looks 5, 9 and 13 cells wide.  (B, C, h, w) -> (B, 96, h, w)"""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.Conv1x1 = Pointwise(inputs, channels)
        self.S1, self.S2, self.S3 = (
            nn.Sequential(
                *(
                    layer
                    for _ in range(depth)
                    for layer in (*conv_norm(channels, channels, 5, groups=channels), nn.ReLU())
                )
            )
            for depth in (1, 2, 3)
        )
        self.output = nn.Sequential(*conv_norm(3 * channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.Conv1x1(x)
        wide = torch.cat([self.S1(x), self.S2(x), self.S3(x)], 1)
        return F.relu(x + self.output(wide))


class Head(nn.Module):
    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.conv5x5 = nn.Sequential(
            *conv_norm(channels, channels, 5, groups=channels), nn.ReLU(),
            *conv_norm(channels, outputs, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv5x5(x)
        return out


class Heads(nn.Module):
    """(B, C, h, w) -> objectness (B, 1, h, w), boxes (B, 4, h, w), classes (B, K, h, w), raw"""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv1x1 = Pointwise(channels, channels)
        self.obj_layers = Head(channels, 1)
        self.reg_layers = Head(channels, 4)
        self.cls_layers = Head(channels, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.conv1x1(x)
        return self.obj_layers(x), self.reg_layers(x), self.cls_layers(x)


class FastestDet(nn.Module):
    """(B, 3, H, W) -> Cells; H and W are multiples of 32."""

    input_size = (384, 672)  # rows, columns that the pipeline asks about [px]
    explained_layer = "SPP"

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.backbone = ShuffleNet()
        self.SPP = Pyramid(sum(WIDTHS), NECK)
        self.detect_head = Heads(NECK, classes)

    def forward(self, x: Tensor) -> Cells:
        objectness, boxes, classes = self.detect_head(self.SPP(self.joined(x)))
        return Cells(objectness[:, 0].sigmoid(), corners(boxes), classes)

    def joined(self, x: Tensor) -> Tensor:
        """Features of all strides at stride 16: (B, 336, h, w)"""
        fine, middle, coarse = self.backbone(x)
        fine = F.avg_pool2d(fine, 3, 2, 1)
        return torch.cat([fine, middle, F.interpolate(coarse, scale_factor=2.0, mode="nearest")], 1)


def corners(raw: Tensor) -> Tensor:
    """(B, 4, h, w) -> (B, h, w, 4) x0, y0, x1, y1 in parts of the picture

    raw: centre from the cell's corner (tanh, in cells), then size (sigmoid, in parts)
    """
    height, width = raw.shape[2:]
    rows = torch.arange(height, device=raw.device, dtype=raw.dtype)[:, None]
    columns = torch.arange(width, device=raw.device, dtype=raw.dtype)
    x = (columns + raw[:, 0].tanh()) / width
    y = (rows + raw[:, 1].tanh()) / height
    half_w, half_h = raw[:, 2].sigmoid() / 2, raw[:, 3].sigmoid() / 2
    return torch.stack([x - half_w, y - half_h, x + half_w, y + half_h], dim=-1)


def resized(cells: Cells, learnt: tuple[int, int], shown: tuple[int, int]) -> Cells:
    """Cells about a picture of another size than the network learnt on, both (rows, columns).

    Sizes of boxes are told in parts of `learnt`; here they come in parts of `shown`.
    """
    (rows, columns), (rows_shown, columns_shown) = learnt, shown
    scale = cells.boxes.new_tensor([columns / columns_shown, rows / rows_shown])
    low, high = cells.boxes.chunk(2, dim=-1)
    middle, half = (low + high) / 2, (high - low) / 2 * scale
    return cells._replace(boxes=torch.cat([middle - half, middle + half], -1))
