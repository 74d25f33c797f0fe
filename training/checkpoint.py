"""The state of a run on disk: written aside, then put in place; a kill leaves the last one."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from road_clarity.models.errors import BadInput
from road_clarity.training.recipe import FitConfig

# What torch.load raises for files that it did not write, or that are cut short.
UNREADABLE = (
    RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError,
    pickle.UnpicklingError,
)  # fmt: skip
MAY_CHANGE = {"steps", "check_every", "workers", "parts"}  # between two sittings; paths, too


def save_checkpoint(state: dict[str, Any], config: FitConfig, path: Path) -> None:
    """state: what `load_checkpoint` hands back"""
    put_aside(path, lambda new: torch.save(state | {"config": plain(config)}, new))


def load_checkpoint(config: FitConfig, path: Path) -> dict[str, Any] | None:
    """The state of the run that stopped here, None when there is none.

    Raises BadInput when it cannot be read or belongs to a run with other settings.
    """
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        before = state.pop("config")
    except UNREADABLE as error:
        remedy = "is no checkpoint of this program; give another --out"
        raise BadInput("checkpoint", path, remedy) from error
    for name, value in plain(config).items():
        if before.get(name) != value:
            remedy = (
                f"the run in {path.parent} has {before.get(name)}; keep it or give another --out"
            )
            raise BadInput(name, value, remedy)
    return state


def plain(config: FitConfig) -> dict[str, Any]:
    """The settings that must not change within a run."""
    return {
        name: value
        for name, value in asdict(config).items()
        if name not in MAY_CHANGE and not isinstance(value, Path)
    }


def save_weights(network: nn.Module, path: Path) -> None:
    """As safetensors, in full precision and the network's own keys."""
    state = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
    put_aside(path, lambda new: new.write_bytes(save(state)))


def put_aside(path: Path, write: Callable[[Path], object]) -> None:
    """`write` makes the file under another name; only the whole one gets its place."""
    new = path.with_suffix(path.suffix + ".new")
    write(new)
    new.replace(path)
