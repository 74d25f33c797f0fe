"""Spatial CNN for lane lines (Pan et al. 2018, arXiv:1712.06080, section 3).

Features of the image, messages passed about in them (models.message_passing), and two heads: which
line every place belongs to, and which lines there are.  B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.efficientnet_lite import (
    FEATURE_CHANNELS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    EfficientNetLite0,
)
from road_clarity.models.message_passing import MessagePassing

CLASSES = 5  # background, then four lane lines from left to right
STRIDE = 8  # of the feature map
# (rows, columns) of published networks' images: the authors' for CULane, a port's for TuSimple
PUBLISHED_SIZES = ((288, 800), (288, 512))


class LaneMaps(NamedTuple):
    """What SCNN says about one batch."""

    logits: Tensor  # (B, 5, H/8, W/8): background, lanes 1..4
    existence: Tensor  # (B, 4) probability that the lane is there


def existence_inputs(input_size: tuple[int, int]) -> int:
    """Numbers that the existence head sees of an image of (rows, columns)."""
    return CLASSES * (input_size[0] // (2 * STRIDE)) * (input_size[1] // (2 * STRIDE))


class LaneHeads(nn.Module):
    """What both sizes share: all after the features, named as in the published state dict."""

    explained_layer = "message_passing"
    mean: tuple[float, float, float]  # of the training images' colours, RGB in [0, 1]
    std: tuple[float, float, float]

    def __init__(self, channels: int, input_size: tuple[int, int]) -> None:
        """input_size: (rows, columns) of the image; the existence head is tied to it."""
        super().__init__()
        self.input_size = input_size
        self.message_passing = MessagePassing(channels)
        self.layer2 = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(channels, CLASSES, 1))
        self.fc = nn.Sequential(
            nn.Linear(existence_inputs(input_size), 128),
            nn.ReLU(),
            nn.Linear(128, CLASSES - 1),
            nn.Sigmoid(),
        )

    def prepare(self, rgb: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 at the input size -> (B, 3, H, W) with normalised colours"""
        mean, std = (
            rgb.new_tensor(self.mean, dtype=torch.float32),
            rgb.new_tensor(self.std, dtype=torch.float32),
        )
        return ((rgb / 255 - mean) / std).permute(0, 3, 1, 2)  # stays channels_last

    def features(self, image: Tensor) -> Tensor:
        """What messages are passed about.  (B, 3, H, W) -> (B, C, H/8, W/8)"""
        raise NotImplementedError

    def forward(self, image: Tensor) -> LaneMaps:
        """image: (B, 3, H, W), from `prepare`"""
        logits = self.layer2(self.message_passing(self.features(image)))
        coarse = F.avg_pool2d(logits.softmax(dim=1), 2)  # (B, 5, H/16, W/16)
        return LaneMaps(logits, self.fc(coarse.flatten(1)))


class ScnnVgg16(LaneHeads):
    """The published network: VGG16-BN with dilations for its last poolings, 20.7 M parameters."""

    mean, std = (0.3598, 0.3653, 0.3662), (0.2573, 0.2663, 0.2756)  # CULane

    def __init__(self, input_size: tuple[int, int] = (288, 800)) -> None:
        super().__init__(128, input_size)
        self.backbone = vgg16_dilated()
        self.layer1 = nn.Sequential(
            nn.Conv2d(512, 1024, 3, padding=4, dilation=4, bias=False),
            nn.BatchNorm2d(1024),
            nn.ReLU(),
            nn.Conv2d(1024, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
        )

    def features(self, image: Tensor) -> Tensor:
        features: Tensor = self.layer1(self.backbone(image))
        return features


class ScnnLite0(LaneHeads):
    """The same passes and heads on EfficientNet-Lite0, 1.3 M parameters: for two CPU cores.

    Stride 16 sees farther, stride 8 is where lane lines are told apart; their sum is what messages
    are passed about.
    """

    mean, std = IMAGENET_MEAN, IMAGENET_STD

    def __init__(self, input_size: tuple[int, int] = (288, 512), channels: int = 64) -> None:
        super().__init__(channels, input_size)
        self.trunk = EfficientNetLite0()
        self.near, self.far = (
            nn.Sequential(nn.Conv2d(width, channels, 1, bias=False), nn.BatchNorm2d(channels))
            for width in FEATURE_CHANNELS
        )
        self.mix = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )

    def features(self, image: Tensor) -> Tensor:
        stride_8, stride_16 = self.trunk(image)
        far = F.interpolate(self.far(stride_16), scale_factor=2.0, mode="bilinear")
        features: Tensor = self.mix((self.near(stride_8) + far).relu())
        return features


def vgg16_dilated() -> nn.Sequential:
    """VGG16-BN's convolutions at stride 8; (B, 3, H, W) -> (B, 512, H/8, W/8).

    Indices are those of the published state dict, in which the first removed pooling left its place
    empty.
    """
    layers: list[nn.Module] = []
    before = 3
    for width, depth, pooled, dilation in (
        (64, 2, True, 1),
        (128, 2, True, 1),
        (256, 3, True, 1),
        (512, 3, False, 1),
        (512, 3, False, 2),
    ):
        for _ in range(depth):
            conv = nn.Conv2d(before, width, 3, padding=dilation, dilation=dilation)
            layers += [conv, nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        layers.append(nn.MaxPool2d(2) if pooled else nn.Identity())
    return nn.Sequential(*layers)
