"""What training programs wrap around a state dict, and how it is taken off.

A checkpoint may hold the state dict beside an optimiser's, and every key of it may begin with the
name of a wrapper module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from road_clarity.models.errors import BadInput

HOLDERS = ("net", "state_dict", "model", "model_state_dict")  # of the state dict in a checkpoint
DEEPEST = 3  # holders in one another; a made file may hold itself
PREFIXES = ("module.", "_orig_mod.", "model.")  # DataParallel, torch.compile, Lightning


def unwrapped(content: object) -> dict[str, Tensor]:
    """The state dict in a checkpoint.  Raises BadInput when there is none, or not of tensors."""
    for _ in range(DEEPEST):
        if isinstance(content, Mapping) and (holder := holder_of(content)):
            content = content[holder]
    if not isinstance(content, Mapping) or not content:
        raise BadInput("checkpoint", type(content).__name__, "must be or hold a state dict")
    state = {require_name(key): require_tensor(key, value) for key, value in content.items()}
    while prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in state)), ""):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def holder_of(content: Mapping[Any, Any]) -> str | None:
    """The key below which the state dict lies, if it does."""
    return next((key for key in HOLDERS if isinstance(content.get(key), Mapping)), None)


def require_name(key: object) -> str:
    if not isinstance(key, str):
        raise BadInput("checkpoint", f"with the key {key!r}", "keys must be names of tensors")
    return key


def require_tensor(key: str, value: object) -> Tensor:
    """A dense tensor of numbers.  Raises BadInput for anything else at `key`."""
    if isinstance(value, (bool, int, float)):  # scalars beside the tensors, such as lora_alpha
        return torch.tensor(value)
    if not isinstance(value, Tensor):
        raise BadInput("checkpoint", f"{key}", f"is a {type(value).__name__}, must be a tensor")
    if value.layout != torch.strided or value.is_quantized or value.is_complex() or value.is_meta:
        raise BadInput("checkpoint", key, "must be a dense tensor of real numbers; it is "
                       f"{value.dtype} in the layout {value.layout} on {value.device}")  # fmt: skip
    return value.detach()
