"""The file that a training starts from: safetensors, or torch's format without code."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from road_clarity.models.errors import BadInput
from road_clarity.models.state_dict_wrapping import unwrapped
from road_clarity.training.checkpoint import UNREADABLE


def read_start(path: Path) -> dict[str, Tensor]:
    """The state dict in the file.  Raises BadInput."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return unwrapped(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, SafetensorError, *UNREADABLE) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput("weights", path, f"cannot be read: {reason}") from error
