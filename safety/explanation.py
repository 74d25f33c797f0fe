"""Why the world model draws a part of the frame badly: the first layer where it is lost, and why.

Inspired by the feature maps of On the Road to Clarity (arXiv:2404.17350).  In this order: the
network itself is at fault (a layer answers unlike on calm frames); the object is drawn after all;
it is too small for the cells of a layer; nothing like it was seen; what the linear backbone's exact
budget says; the latent does not hold it; a layer of the decoder does not draw it.
K objects, C channels, H rows, W columns, S side of the image [px].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.safety.blame import Evidence, MapShare, maps_to_blame, ranked
from road_clarity.safety.calm_layers import CalmLayers, Fault, novel_at
from road_clarity.safety.cause import Cause
from road_clarity.safety.object_view import LayerView, ObjectView, object_views
from road_clarity.safety.passage import (
    IMAGE,
    LATENT,
    Passage,
    checked,
    object_and_ring,
    passage,
)
from road_clarity.safety.rg_budget import ObjectBudget, frame_budget, object_budget
from road_clarity.safety.scene import Box

SEEN = 1.0  # separability from which an object stands out [standard deviations of its background]
CODED = 1.0  # change of the latent, when the object is painted over, that counts as coded for it
ODD = 2.33  # deviation of the latent above which the frame is odd (1 in 100)
UNEXPLAINED = 0.5  # of an object's contrast, from which on it counts as not redrawn
FILLS = 0.5  # of one cell; an object that covers less of a fine layer is too small for it


@dataclass(frozen=True, eq=False)
class RegionExplanation:
    box: Box  # [px] of the source image
    error_share: float  # of all error of the frame
    times_worse: float  # mean error inside over mean error outside
    unexplained: float  # error over the object's contrast: 0 all redrawn, 1 as if it were not there
    layers: tuple[LayerView, ...]  # image, encoder.1 ..., decoder.1 ... (the last the picture)
    latent_change: float  # of the latent when the object is painted over [calm deviations]
    cause: Cause
    layer: str  # where it is lost first; '' when it is redrawn
    maps_of: str  # the layer whose feature maps are to blame
    maps: tuple[MapShare, ...]  # all maps of that layer, largest share first
    budget: ObjectBudget | None = None  # exact; of the linear backbone only

    @property
    def verdict(self) -> str:
        """In words."""
        if self.cause in (Cause.REDRAWN, Cause.OUT_OF_DISTRIBUTION):
            return str(self.cause)
        if self.cause is Cause.BOTTLENECK:
            return "lost in the bottleneck"
        return f"lost at {self.layer}" + ("" if self.cause is Cause.DECODER else f", {self.cause}")


@dataclass(frozen=True, eq=False)
class Explanation:
    error_map: Tensor  # (S, S) squared error, mean over colours
    reconstruction: Tensor  # (3, S, S)
    features: dict[str, Tensor]  # activations of the frame by layer: (C, H, W)
    fault: Fault | None  # of the network itself
    regions: tuple[RegionExplanation, ...]


@torch.no_grad()
def explain(
    net: Autoencoder, x: Tensor, boxes: list[Box], size: tuple[int, int],
    calm: CalmLayers | None = None, fault_check: bool = True,
) -> Explanation:  # fmt: skip
    """x: (1, 3, S, S) of the frame; boxes in pixels of the source image of `size` (W, H).

    calm: of the healthy network; without it no faults are found, and an object is odd when it moves
    the latent in a frame whose latent is.
    fault_check: whether to look for faults, which takes as long as all the rest; networks seldom
    break between two frames.
    Raises BadInput for a frame with nan, a box outside the frame, or a network without weights.
    """
    insides, rings = object_and_ring(boxes, size, net.side)
    probed = fault_check and calm is not None
    way = passage(net, checked(net, x), insides, rings, probed)
    if not bool(torch.isfinite(way.error).all()):
        raise BadInput("network", type(net).__name__, "it has no weights yet; fit or load it")
    if calm is not None:
        calm.check(way)
    views = object_views(net, way, insides, rings)
    fault = calm.first_fault(net, way) if calm is not None and probed else None
    pieces = evidence(net, way, views, fault, calm)
    regions = tuple(
        region(way, view, box, known) for view, box, known in zip(views, boxes, pieces, strict=True)
    )
    drawn = x[0] - way.error
    return Explanation(way.error.square().mean(0), drawn, way.layers, fault, regions)


def evidence(
    net: Autoencoder, way: Passage, views: list[ObjectView],
    fault: Fault | None, calm: CalmLayers | None,
) -> list[Evidence]:  # fmt: skip
    """What is known of every object beyond its own measures."""
    budgets: list[ObjectBudget | None] = [None] * len(views)
    if isinstance(net, RgBackbone) and views:
        frame = frame_budget(net, way.encoder[IMAGE][:1])
        budgets = [object_budget(frame, view.inside) for view in views]
    if calm is not None:
        odd = novel_at(calm, way, [view.cells for view in views])
    else:
        far = latent_is_odd(net, way)
        odd = [LATENT if far and view.latent_change >= CODED else None for view in views]
    return [Evidence(fault, at, calm, one) for at, one in zip(odd, budgets, strict=True)]


def latent_is_odd(net: Autoencoder, way: Passage) -> bool:
    """Whether the frame's latent lies farther out than nearly all calm ones; no, if not calibrated.

    The coarser sign, for want of what calm layers answer.
    """
    distance: Tensor = net.calm_latent(way.latents[:1]).log()
    calm = net.calm_still  # its third score is this distance
    deviation = (distance - calm.get_buffer("mean")[2]) / calm.get_buffer("deviation")[2]
    return bool(deviation > ODD)


def region(way: Passage, view: ObjectView, box: Box, known: Evidence) -> RegionExplanation:
    cause, layer = judged(way, view, known)
    maps_of, shares = maps_to_blame(way, view, cause, layer, known)
    error = way.squared_error
    share = float((error * view.inside).sum() / error.sum().clamp_min(1e-12))
    worse = times_worse(share, float(view.inside.mean()))
    return RegionExplanation(
        box, share, worse, view.unexplained, view.layers, view.latent_change,
        cause, layer, maps_of, ranked(shares), known.budget,
    )  # fmt: skip


def times_worse(share: float, area: float) -> float:
    """Mean error inside over mean error outside; 1 where there is no outside, or no error in it.

    share: of the error that is inside      area: of the frame that is inside, 0..1
    """
    outside = (1.0 - share) * area
    return share * (1.0 - area) / outside if outside > 0.0 else 1.0


def judged(way: Passage, view: ObjectView, known: Evidence) -> tuple[Cause, str]:
    """The first cause that applies, and its layer."""
    if known.fault is not None:
        return known.fault.cause, known.fault.layer
    if view.unexplained < UNEXPLAINED:
        return Cause.REDRAWN, ""
    coarse = too_coarse(way, float(view.inside.sum()))
    if coarse is not None:
        return Cause.RESOLUTION, coarse
    if known.odd_at is not None:
        return Cause.OUT_OF_DISTRIBUTION, known.odd_at
    if known.budget is not None:
        step = known.budget.steps[known.budget.largest]
        return (Cause.BOTTLENECK if step == LATENT else Cause.RESOLUTION), step
    return latent_or_decoder(view.layers, view.latent_change)


def latent_or_decoder(layers: tuple[LayerView, ...], latent_change: float) -> tuple[Cause, str]:
    """Coded but not drawn is the decoder's doing; all else the latent's, which holds too little."""
    drawn = [layer for layer in layers if layer.name.startswith("decoder")]
    lost = [layer.name for layer in drawn if layer.separability < SEEN]
    if latent_change >= CODED and lost:
        return Cause.DECODER, lost[0]
    return Cause.BOTTLENECK, LATENT


def too_coarse(way: Passage, area_px: float) -> str | None:
    """The first layer in the finer half of the encoder of whose cells the object fills too little.

    The coarser half has cells larger than most objects, and tells places by its channels.
    """
    names = [name for name in way.encoder if name != IMAGE]
    pixels = way.encoder[IMAGE][0, 0].numel()
    for name in names[: (len(names) + 1) // 2]:
        if area_px < FILLS * pixels / way.encoder[name][0, 0].numel():
            return name
    return None
