"""The networks, one file per paper, and the weights that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn


def load_published(
    name: str, state_dict: Mapping[str, Any], base: Mapping[str, Any] | None = None
) -> nn.Module:
    """A published checkpoint's network in eval mode; see models.published.  Raises BadInput."""
    from road_clarity.models.published import load  # torch takes seconds to import

    return load(name, state_dict, base)
