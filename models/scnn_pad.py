"""SCNN as pytorch-auto-drive trains it (github.com/voldemortX/pytorch-auto-drive, VGG16).

The same layers as the published network, and two differences in the message passing that its
weights were trained with: every message has a bias, and on the way up and to the left the last
slice, row 0 and column 0, stays as it was.  Colours are normalised with ImageNet's mean and spread.
B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from road_clarity.models.efficientnet_lite import IMAGENET_MEAN, IMAGENET_STD
from road_clarity.models.message_passing import MessagePassing
from road_clarity.models.scnn import ScnnVgg16

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


class ScnnVgg16Pad(ScnnVgg16):
    """The published sizes with pytorch-auto-drive's message passing and colours."""

    mean, std = IMAGENET_MEAN, IMAGENET_STD

    def __init__(self, input_size: tuple[int, int] = (288, 800)) -> None:
        super().__init__(input_size)
        self.message_passing = MessagePassing(128, bias=True, spares_last=True)
