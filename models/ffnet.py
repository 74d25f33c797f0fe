"""FFNet (Mehta et al. 2022, arXiv:2206.08236): plain ResNets with a simple up-sampling head.

A member is named ffnet_<depth><family>_<heads>, as in ffnet_78s_dbbb: the family's backbone, then
the letters of stem, up-head and segmentation head, `d` before them for one more halving in the
first stage.  `_gpu` at the end asks for bilinear instead of nearest up-sampling where both were
published.  Parameter names are those of the published checkpoints.

B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from road_clarity.models.errors import BadInput
from road_clarity.models.lite_backbone import LiteBackbone

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of RGB in [0, 1]
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Family:
    """Backbones that differ in depth only."""

    letter: str  # of the stem, the first of a member's heads
    stem: tuple[tuple[str, int, int, int], ...]  # number in the key, kernel, stride, width
    pooled: bool  # max-pooling ends the stem
    widths: tuple[int, ...]  # of the stages
    depths: Mapping[int, tuple[int, ...]]  # depth in the name -> residual blocks per stage
    bilinear: bool  # published for GPUs; the others, for phones, repeat the nearest value


RESNET_STEM = (("1", 7, 2, 64),)
SLIM_STEM = (("0", 3, 2, 32), ("1", 3, 2, 64))
NARROW_STEM = (("0", 3, 2, 64), ("1", 3, 2, 64), ("2", 3, 1, 64))
EDGE_STEM = (("0", 3, 2, 16), ("1", 3, 2, 32))

RESNET_DEPTHS = {
    18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 56: (4, 8, 12, 3), 86: (8, 12, 16, 6),
    101: (3, 4, 23, 3), 134: (8, 18, 28, 12), 150: (16, 18, 28, 12),
}  # fmt: skip
SLIM_DEPTHS = {
    22: (2, 3, 3, 2), 30: (3, 4, 4, 3), 40: (4, 5, 6, 4), 54: (5, 8, 8, 5), 78: (6, 12, 12, 8),
    86: (8, 12, 16, 6), 150: (16, 18, 28, 12),
}  # fmt: skip
NARROW_DEPTHS = {46: (6, 8, 8), 74: (8, 12, 16), 122: (16, 24, 20)}  # the stem is the first stage
BOTTLENECKED = {50, 101}  # ResNets of 1x1, 3x3, 1x1 blocks, four times as wide outside

FAMILIES = {
    "": Family("a", RESNET_STEM, True, (64, 128, 256, 512), RESNET_DEPTHS, True),
    "s": Family("b", SLIM_STEM, False, (64, 128, 192, 320), SLIM_DEPTHS, False),
    "n": Family("c", NARROW_STEM, False, (96, 160, 320), NARROW_DEPTHS, True),
    "ns": Family("c", NARROW_STEM, False, (64, 128, 256), NARROW_DEPTHS, False),
    # ours, for two CPU cores: half the slim widths
    "xs": Family("e", EDGE_STEM, False, (32, 64, 96, 160), {22: (2, 3, 3, 2)}, False),
    # ours, with what ImageNet knows: EfficientNet-Lite0, all of its convolutions counted
    "lite": Family("l", (), False, (24, 40, 112, 192), {39: (3, 2, 6, 2)}, False),
}

# up-head letter -> widths inside and at the output of the four scales, 1/4 first
UP_HEADS = {
    "a": ((64, 128, 256, 512), (128, 128, 128, 128)),
    "b": ((64, 128, 128, 256), (96, 96, 64, 32)),
    "c": ((128, 128, 128, 128), (128, 16, 16, 16)),
    "e": ((48, 48, 48, 48), (48, 16, 16, 16)),
}
# segmentation head letter -> hidden width, kernel of the last convolution
SEGMENTATION_HEADS = {"a": (512, 1), "b": (256, 3), "c": (128, 1), "e": (48, 1)}

# members with published Cityscapes weights (19 classes)
PUBLISHED = tuple(
    f"ffnet_{member}"
    for member in (
        *(f"{depth}_aaa" for depth in (34, 50, 56, 86, 101, 134, 150)),
        *(f"{depth}_abb" for depth in (34, 56, 86, 150)),
        *(f"{depth}_daaa" for depth in (18, 34, 50, 56, 86, 101, 134, 150)),
        *(f"{depth}_daac" for depth in (18, 34, 86, 150)),
        *(f"{depth}s_dbbb" for depth in (40, 54, 78, 86)),
        *(f"{depth}s_{heads}_gpu" for depth in (86, 150) for heads in ("dbbb", "bbb")),
        *(f"{depth}s_{heads}" for depth in (40, 54, 78, 86, 150) for heads in ("bbb", "bcc")),
        *(f"{depth}n_cbb" for depth in (46, 74, 122)),
        *(f"{depth}ns_{heads}" for depth in (46, 74, 122) for heads in ("cbb", "ccc")),
    )
)
EDGE = ("ffnet_22xs_eee", "ffnet_39lite_lee")  # ours: CamVid's 11 classes, 512 x 256
ONLY_FOR_GPUS = {"ffnet_150s_dbbb"}  # of the slim ones; the same as with _gpu


def convolution(inside: int, outside: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, kernel, stride, padding=kernel // 2, bias=False)


class Shortcut(nn.Module):
    """The way around a residual block: as it is, or projected when the shape changes."""

    downsample: nn.Module | None

    def add_projection(self, inside: int, outside: int, stride: int) -> None:
        changes = inside != outside or stride != 1
        self.downsample = (
            nn.Sequential(convolution(inside, outside, 1, stride), nn.BatchNorm2d(outside))
            if changes
            else None
        )

    def around(self, x: Tensor) -> Tensor:
        return x if self.downsample is None else self.downsample(x)


class BasicBlock(Shortcut):
    """Two 3x3 convolutions.  (B, inside, H, W) -> (B, width, H / stride, W / stride)"""

    expansion = 1

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = convolution(inside, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = convolution(width, width, 3), nn.BatchNorm2d(width)
        self.add_projection(inside, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.around(x))


class Bottleneck(Shortcut):
    """3x3 between two 1x1.  (B, inside, H, W) -> (B, 4 width, H / stride, W / stride)"""

    expansion = 4

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        wide = width * self.expansion
        self.conv1, self.bn1 = convolution(inside, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = convolution(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = convolution(width, wide, 1), nn.BatchNorm2d(wide)
        self.add_projection(inside, wide, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return F.relu(y + self.around(x))


class Backbone(nn.Module):
    """(B, 3, H, W) -> features at 1/4, 1/8, 1/16 and 1/32 of its size; half that with `halved`."""

    def __init__(self, family: Family, depth: int, halved: bool) -> None:
        super().__init__()
        block = Bottleneck if family is FAMILIES[""] and depth in BOTTLENECKED else BasicBlock
        self.stem, width = [], 3
        for number, kernel, stride, outside in family.stem:
            self.add_module(f"conv{number}", convolution(width, outside, kernel, stride))
            self.add_module(f"bn{number}", nn.BatchNorm2d(outside))
            self.stem.append(number)
            width = outside
        self.pool = nn.MaxPool2d(3, 2, padding=1) if family.pooled else nn.Identity()
        blocks = family.depths[depth]
        self.stem_is_a_scale = len(blocks) == 3
        self.widths = [width] if self.stem_is_a_scale else []
        for stage, (outside, count) in enumerate(zip(family.widths, blocks, strict=True), start=1):
            stays = stage == 1 and not self.stem_is_a_scale and not halved
            strides = [1 if stays else 2] + [1] * (count - 1)
            chain = nn.Sequential()
            for stride in strides:
                chain.append(block(width, outside, stride))
                width = outside * block.expansion
            self.add_module(f"layer{stage}", chain)
            self.widths.append(width)

    def forward(self, x: Tensor) -> list[Tensor]:
        for number in self.stem:
            x = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(x)).relu()
        x = self.pool(x)
        scales = [x] if self.stem_is_a_scale else []
        for stage in range(1, 4 if self.stem_is_a_scale else 5):
            x = self.get_submodule(f"layer{stage}")(x)
            scales.append(x)
        return scales


class ConvBnRelu(nn.Module):
    def __init__(self, inside: int, outside: int, kernel: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            convolution(inside, outside, kernel), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


class Resize(nn.Module):
    """Up-sampling to another map's size: bilinear with aligned corners, or nearest."""

    def __init__(self, bilinear: bool) -> None:
        super().__init__()
        self.bilinear = bilinear

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        size = like.shape[2:]
        if self.bilinear:
            return F.interpolate(x, size, mode="bilinear", align_corners=True)
        return F.interpolate(x, size, mode="nearest")


class AdapterConv(nn.Module):
    """Bring the backbone's four scales to the head's widths."""

    def __init__(self, inside: list[int], outside: tuple[int, ...]) -> None:
        super().__init__()
        pairs = zip(inside, outside, strict=True)
        self.adapter_conv = nn.ModuleList(ConvBnRelu(a, b, 1) for a, b in pairs)

    def forward(self, scales: list[Tensor]) -> list[Tensor]:
        return [adapt(x) for adapt, x in zip(self.adapter_conv, scales, strict=True)]


class UpBranch(nn.Module):
    """From the coarsest scale on: smooth each scale for the output, add it to the next finer."""

    def __init__(self, inside: tuple[int, ...], outside: tuple[int, ...], resize: Resize) -> None:
        super().__init__()
        self.resize = resize
        self.fam_32_sm = ConvBnRelu(inside[3], outside[3], 3)
        self.fam_32_up = ConvBnRelu(inside[3], inside[2], 1)
        self.fam_16_sm = ConvBnRelu(inside[2], outside[2], 3)
        self.fam_16_up = ConvBnRelu(inside[2], inside[1], 1)
        self.fam_8_sm = ConvBnRelu(inside[1], outside[1], 3)
        self.fam_8_up = ConvBnRelu(inside[1], inside[0], 1)
        self.fam_4 = ConvBnRelu(inside[0], outside[0], 3)

    def forward(self, scales: list[Tensor]) -> list[Tensor]:
        f4, f8, f16, f32 = scales
        f16 = self.resize(self.fam_32_up(f32), f16) + f16
        f8 = self.resize(self.fam_16_up(f16), f8) + f8
        f4 = self.resize(self.fam_8_up(f8), f4) + f4
        return [self.fam_4(f4), self.fam_8_sm(f8), self.fam_16_sm(f16), self.fam_32_sm(f32)]


class UpsampleCat(nn.Module):
    """All scales at the size of the finest, side by side."""

    def __init__(self, resize: Resize) -> None:
        super().__init__()
        self.resize = resize

    def forward(self, scales: list[Tensor]) -> Tensor:
        finest, *coarser = scales
        return torch.cat([finest, *(self.resize(x, finest) for x in coarser)], dim=1)


class SegmentationHead(nn.Module):
    """(B, C, H, W) -> (B, classes, H, W) logits"""

    def __init__(self, inside: int, hidden: int, kernel: int, classes: int) -> None:
        super().__init__()
        self.last_layer = nn.Sequential(
            nn.Conv2d(inside, hidden, 3, padding=1),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, classes, kernel, padding=kernel // 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last_layer(x)
        return out


class Head(nn.Module):
    """Adapters, up branch, concatenation, classes."""

    def __init__(
        self, widths: list[int], up: str, segmentation: str, classes: int, bilinear: bool
    ) -> None:
        super().__init__()
        self.classes = classes
        inside, outside = UP_HEADS[up]
        hidden, kernel = SEGMENTATION_HEADS[segmentation]
        resize = Resize(bilinear)
        self.layers = nn.Sequential(
            AdapterConv(widths, inside),
            UpBranch(inside, outside, resize),
            UpsampleCat(resize),
            SegmentationHead(sum(outside), hidden, kernel, classes),
        )

    def forward(self, scales: list[Tensor]) -> Tensor:
        out: Tensor = self.layers(scales)
        return out


class FFNet(nn.Module):
    """Normalised RGB (B, 3, H, W) -> logits (B, classes, H/4, W/4); /8 for `d` members."""

    explained_layer = "head.layers.2"  # all scales side by side

    def __init__(self, backbone: Backbone | LiteBackbone, head: Head) -> None:
        super().__init__()
        self.backbone_model, self.head, self.classes = backbone, head, head.classes
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.backbone_model(x))
        return out


def initialise(module: nn.Module) -> None:
    """He et al. 2015.  The published N(0, 0.01) needs an ImageNet start to train at all."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def normalise(images: Tensor) -> Tensor:
    """uint8 RGB (B, H, W, 3) -> float32 (B, 3, H, W) as the network was trained to see it."""
    mean, std = images.new_tensor(IMAGENET_MEAN, dtype=torch.float32), IMAGENET_STD
    scaled = (images.float() / 255 - mean) / images.new_tensor(std, dtype=torch.float32)
    return scaled.permute(0, 3, 1, 2)


NAME = re.compile(r"ffnet_(\d+)([a-z]*)_(d?)([a-z])([a-z])([a-z])(_gpu)?")


class Member(NamedTuple):
    """What a name says."""

    family: Family
    depth: int
    halved: bool
    up: str
    segmentation: str
    bilinear: bool


def member(name: str) -> Member:
    """Read a name such as ffnet_40s_bbb.  Raises BadInput when there is no such network."""
    match = NAME.fullmatch(name)
    if match is None:
        raise BadInput("architecture", name, "an FFNet is named like ffnet_40s_bbb")
    depth, family_name, halved, stem, up, segmentation, gpu = match.groups()
    family = FAMILIES.get(family_name)
    known = family is not None and int(depth) in family.depths and family.letter == stem
    if family is None or not known or (halved and not family.stem):
        raise BadInput(
            "architecture", name, f"no such backbone; there are {', '.join(backbones())}"
        )
    if up not in UP_HEADS or segmentation not in SEGMENTATION_HEADS:
        raise BadInput("architecture", name, f"heads are {', '.join(SEGMENTATION_HEADS)}")
    bilinear = family.bilinear or gpu is not None or name in ONLY_FOR_GPUS
    return Member(family, int(depth), bool(halved), up, segmentation, bilinear)


def build_ffnet(name: str, classes: int = 19) -> FFNet:
    """The member of that name, untrained.  Raises BadInput when there is no such network."""
    one = member(name)
    backbone = backbone_of(one)
    head = Head(backbone.widths, one.up, one.segmentation, classes, one.bilinear)
    return FFNet(backbone, head)


def backbone_of(one: Member) -> Backbone | LiteBackbone:
    if one.family is FAMILIES["lite"]:
        return LiteBackbone(one.family.widths, one.family.depths[one.depth])
    return Backbone(one.family, one.depth, one.halved)


def backbones() -> list[str]:
    """Depth, family and stem letter of all members, as their names begin."""
    return [
        f"ffnet_{depth}{name}_{family.letter}"
        for name, family in FAMILIES.items()
        for depth in family.depths
    ]
