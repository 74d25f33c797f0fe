"""Why a frame is not what was predicted: what the memory did not foresee, and what is never drawn.

The error image of a prediction is the sum of two: the frame minus its own redrawing, and that minus
the picture that was expected.  The part of each in the squared error of a pixel, itself times the
error, adds up to it; a part is negative where the two work against each other.  What was not
foreseen is divided among the latents by integrated gradients (Sundararajan et al. 2017,
arXiv:1703.01365) between those expected and those seen, taken at the middle of the way: exact for a
decoder of second degree.
K regions, T steps of STEP_S, D latents, S side of the image [px].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.safety.blame import MapShare, ranked
from road_clarity.safety.explanation import times_worse
from road_clarity.safety.latent_history import check_history, check_one_future
from road_clarity.safety.object_view import LEAST_CONTRAST
from road_clarity.safety.passage import checked, object_and_ring, painted_over
from road_clarity.safety.rg_budget import shares_of
from road_clarity.safety.scene import Box

UNFORESEEN = 0.5  # part of a region's error from which on the memory is to blame


@dataclass(frozen=True)
class RegionPrediction:
    """Of the picture that was expected STEP_S before the frame."""

    box: Box  # [px] of the source image
    error_share: float  # of all error of the prediction
    times_worse: float  # mean error inside over mean error outside
    unexplained: (
        float  # error over the region's contrast: 0 all foretold, 1 as if it were not there
    )
    unforeseen: float  # part of the error that the memory did not foresee; the rest is never drawn
    latents: tuple[MapShare, ...]  # of the unforeseen, largest first; () where that is little


@torch.no_grad()
def predicted_regions(
    net: Autoencoder, memory: LatentLstm, x: Tensor, mu: Tensor,
    boxes: list[Box], size: tuple[int, int],
) -> tuple[RegionPrediction, ...]:  # fmt: skip
    """x: (1, 3, S, S) of the frame      mu: (T, D) of the steps up to it, T at least 2

    boxes in pixels of the source image of `size` (W, H).
    Raises BadInput for nan, a box outside the frame, or latents of another memory.
    """
    check_history(memory, mu, least=2)
    check_one_future(memory)
    insides, rings = object_and_ring(boxes, size, net.side)
    expected: Tensor = memory(mu[None, :-1])[0][0, -1]
    drawn, guessed = (net.decode(z[None])[0] for z in (mu[-1], expected))
    error = checked(net, x)[0] - guessed
    weights = error * insides[:, None]  # (K, 3, S, S)
    inside = (error * weights).sum((1, 2, 3))  # (K,) squared error
    shares = inside / error.square().sum().clamp_min(1e-12)
    contrast = (painted_over(x, insides, rings) - x).square().sum(1)
    left = inside / (contrast * insides).sum((1, 2)).clamp_min(LEAST_CONTRAST)
    unforeseen = ((drawn - guessed) * weights).sum((1, 2, 3)) / inside.clamp_min(1e-12)
    return tuple(
        RegionPrediction(
            box, share, times_worse(share, float(insides[k].mean())), float(left[k]), missed,
            carriers(net, expected, mu[-1], weights[k]) if missed >= UNFORESEEN else (),
        )
        for k, (box, share, missed) in enumerate(
            zip(boxes, shares.tolist(), unforeseen.tolist(), strict=True)
        )
    )  # fmt: skip


def carriers(
    net: Autoencoder, expected: Tensor, seen: Tensor, weights: Tensor
) -> tuple[MapShare, ...]:
    """Shares of the latents, two (D,), in what differs between their pictures: they add up to 1.

    weights: (3, S, S) how much each colour value counts
    """
    with torch.enable_grad():
        middle = torch.lerp(expected, seen, 0.5)[None].requires_grad_()
        (slope,) = torch.autograd.grad((net.decode(middle)[0] * weights).sum(), middle)
    return ranked(shares_of(slope[0] * (seen - expected)))
