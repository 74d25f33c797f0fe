"""The layer of a network that Eigen-CAM and the parity of exports look at.

A network names it in `explained_layer`: the last one that still sees the whole picture.
B batch, C channels, h rows, w columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from road_clarity.models.lorat import Lorat


def explain(network: nn.Module, *inputs: Tensor) -> tuple[Any, Tensor]:
    """The network's answer, and the map (B, C, h, w) of its explained layer."""
    with overheard(network) as heard:
        answer = network(*inputs)
    return answer, as_map(network, heard[0])


@contextmanager
def overheard(network: nn.Module) -> Iterator[list[Tensor]]:
    """What the explained layer says while the network runs."""
    heard: list[Tensor] = []
    layer = network.get_submodule(str(network.explained_layer))
    hook = layer.register_forward_hook(lambda _, __, said: heard.append(said))
    try:
        yield heard
    finally:
        hook.remove()


def as_map(network: nn.Module, said: Tensor) -> Tensor:
    """(B, C, h, w): LoRAT's tokens of the search region take their places again."""
    if not isinstance(network, Lorat):
        return said
    side = network.side
    tokens = said[:, -side * side :].transpose(1, 2)  # (B, C, h * w)
    return tokens.reshape(*tokens.shape[:2], side, side)
