"""Does a state dict fit a network?  Every key and every shape, said in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from road_clarity.models.errors import BadInput

SHOWN = 8  # names of each kind in the sentence
COUNTER = "num_batches_tracked"  # steps of training; old checkpoints do without


class Misfit(NamedTuple):
    """What does not fit, by key; all empty when everything fits."""

    missing: list[str]
    unknown: list[str]
    different: list[str]  # of another shape or kind of number, as 'key (this, must be that)'

    def __bool__(self) -> bool:
        return any(self)

    def said(self) -> str:
        """Counts and the first names of each kind."""
        parts = [
            (self.missing, "missing"),
            (self.unknown, "unknown"),
            (self.different, "of another shape or type"),
        ]
        return "; ".join(f"{len(keys)} {kind}: {first(keys)}" for keys, kind in parts if keys)


def first(keys: list[str]) -> str:
    return ", ".join(keys[:SHOWN]) + (", ..." if len(keys) > SHOWN else "")


def misfit(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Misfit:
    """wanted: the network's own state dict, on any device."""
    shared = [key for key in wanted if key in state]
    return Misfit(
        [key for key in wanted if key not in state and not key.endswith(COUNTER)],
        [key for key in state if key not in wanted],
        [
            f"{key} ({described(state[key])}, must be {described(wanted[key])})"
            for key in shared
            if differs(key, state[key], wanted[key])
        ],
    )


def differs(key: str, given: Tensor, wanted: Tensor) -> bool:
    if key.endswith(COUNTER):  # no number that the network computes with
        return given.shape != wanted.shape
    return described(given) != described(wanted)


def described(tensor: Tensor) -> str:
    kind = "" if tensor.is_floating_point() else "integer "
    return kind + ("x".join(str(size) for size in tensor.shape) or "scalar")


def require_finite(name: str, state: Mapping[str, Tensor]) -> None:
    """Raises BadInput that names tensors with nan or infinity."""
    broken = [key for key, value in state.items() if not is_finite(value)]
    if broken:
        remedy = f"{len(broken)} with nan or infinity: {first(broken)}; get the file again"
        raise BadInput("state dict", f"for {name}", remedy)


def is_finite(value: Tensor) -> bool:
    if not value.is_floating_point():
        return True
    return bool(torch.isfinite(value if value.element_size() > 1 else value.float()).all())


def fill(network: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A network on the meta device -> the same with these values, as float32, in eval mode.

    state: fits; counters it does without begin at 0
    """
    network.to_empty(device="cpu")
    counters = {k: torch.tensor(0) for k in network.state_dict() if k.endswith(COUNTER)}
    network.load_state_dict(counters | dict(state))
    return network.eval()
