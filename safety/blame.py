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
from road_clarity.safety.object_view import ObjectView, trace
from road_clarity.safety.passage import Passage
from road_clarity.safety.rg_budget import ObjectBudget, shares_of


@dataclass(frozen=True)
class MapShare:
    """Part of one feature map in what went wrong."""

    channel: int
    share: float  # a little below 0 where a map of the linear backbone works against the others


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of an object beyond its own measures."""

    fault: Fault | None  # of the network itself
    odd_at: str | None  # the first layer in which it is unlike calm objects
    calm: CalmLayers | None  # what calm ones are like
    budget: ObjectBudget | None  # exact; of the linear backbone only


def ranked(shares: Tensor) -> tuple[MapShare, ...]:
    """(C,) -> largest first"""
    order = shares.argsort(descending=True).tolist()
    values = shares.tolist()
    return tuple(MapShare(channel, values[channel]) for channel in order)


def maps_to_blame(
    way: Passage, view: ObjectView, cause: Cause, layer: str, known: Evidence
) -> tuple[str, Tensor]:
    """The layer, and the share of each of its maps (C,)."""
    if known.fault is not None:
        return layer, known.fault.shares
    if known.budget is not None:
        return known.budget.maps_of, known.budget.map_shares
    match cause:
        case Cause.OUT_OF_DISTRIBUTION if known.calm is not None:
            unlike = known.calm[layer].unlike(way.encoder[layer][0], view.cells[layer])
            return layer, shares_of(unlike)
        case Cause.DECODER:
            return layer, shares_of(torch.nan_to_num(view.apart[layer]))
        case Cause.RESOLUTION:
            return layer, shares_of(trace(way.encoder[layer], view.number))
    last, features = list(way.encoder.items())[-1]  # what carried it to where it ends
    return last, shares_of(trace(features, view.number))
