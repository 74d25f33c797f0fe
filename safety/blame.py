"""Which feature maps are to blame for an object that is drawn badly, with their shares.

Whatever the cause, the shares of all maps of the layer add up to 1.
C channels, H rows, W columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.safety.calm_layers import CalmLayers, Fault
from road_clarity.safety.cause import Cause
from road_clarity.safety.object_view import ObjectView, separability, trace
from road_clarity.safety.passage import Passage, on_grid
from road_clarity.safety.rg_budget import ObjectBudget, shares_of


@dataclass(frozen=True)
class MapShare:
    """Part of one feature map in what went wrong."""

    channel: int
    share: float


def ranked(shares: Tensor) -> tuple[MapShare, ...]:
    """(C,) -> largest first"""
    order = shares.argsort(descending=True).tolist()
    values = shares.tolist()
    return tuple(MapShare(channel, values[channel]) for channel in order)


def maps_to_blame(
    way: Passage, view: ObjectView, cause: Cause, layer: str,
    fault: Fault | None, calm: CalmLayers | None, budget: ObjectBudget | None,
) -> tuple[str, Tensor]:  # fmt: skip
    """The layer, and the share of each of its maps (C,)."""
    if fault is not None:
        return layer, fault.shares
    if budget is not None:
        return budget.maps_of, budget.map_shares
    match cause:
        case Cause.OUT_OF_DISTRIBUTION if calm is not None:
            features = way.encoder[layer][0]
            cells = on_grid(view.inside[None], features.shape)[0]
            return layer, shares_of(calm[layer].unlike(features, cells))
        case Cause.DECODER:
            apart = separability(way.decoder[layer][0], view.inside[None], view.ring[None])[0]
            return layer, shares_of(torch.nan_to_num(apart))
        case Cause.RESOLUTION:
            return layer, shares_of(trace(way.encoder[layer], view.number))
    last, features = list(way.encoder.items())[-1]  # what carried it to where it ends
    return last, shares_of(trace(features, view.number))
