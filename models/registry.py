"""Which networks exist.  A name stands for one architecture; sizes are plain data in each paper's file."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from road_clarity.models.errors import BadInput

# name -> builder of the untrained network
BUILDERS: dict[str, Callable[[], nn.Module]] = {}


def build(architecture: str) -> nn.Module:
    """The untrained network of that name.  Raises BadInput for an unknown one."""
    if architecture not in BUILDERS:
        raise BadInput("architecture", architecture, f"use one of {', '.join(sorted(BUILDERS))}")
    return BUILDERS[architecture]()
