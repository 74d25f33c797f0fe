"""Why the world model draws a part of the frame badly: in which layer the object gets lost.

Inspired by the feature maps of On the Road to Clarity (arXiv:2404.17350): an object can be told
from the ring of background around it while some channel answers differently there.  Where none does
any more, it is lost.  C channels, H rows, W columns; images are (1, 3, 64, 64) in [0, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.vae import IMAGE_SIZE, Vae
from road_clarity.safety.anomaly import look, still_deviations
from road_clarity.safety.scene import Box

SEEN = 1.0  # separability from which an object stands out [standard deviations of its background]
CODED = 1.0  # change of the latent, when the object is painted over, that counts as coded for it
ODD = 2.33  # deviation of the latent above which the scene is out of distribution (1 in 100)
FLAT = 0.02  # deviation of a background without any structure; activations are below 1
TOP_MAPS = 3
BLURRED = (
    0.5  # overlap of object and ring, on a layer's grid, above which it cannot tell them apart
)


@dataclass(frozen=True, eq=False)
class FeatureMap:
    channel: int
    share: float  # of the layer's separability of this object
    activation: Tensor  # (H, W)


@dataclass(frozen=True, eq=False)
class LayerView:
    """How well one layer tells the object from its background."""

    name: str
    separability: float  # nan where the layer's grid is too coarse for this object
    top: tuple[FeatureMap, ...]


@dataclass(frozen=True, eq=False)
class RegionExplanation:
    box: Box  # [px] of the source image
    error_share: float  # of all error of the frame
    layers: tuple[LayerView, ...]  # image, encoder.1 .. 4, decoder.1 .. 4 (the reconstruction)
    latent_change: float  # of the latent when the object is painted over [calm deviations]
    verdict: str  # 'lost at <layer>', 'lost in the bottleneck', 'out of distribution' or 'redrawn'


@dataclass(frozen=True, eq=False)
class Explanation:
    error_map: Tensor  # (64, 64)
    reconstruction: Tensor  # (3, 64, 64)
    regions: tuple[RegionExplanation, ...]


@torch.no_grad()
def explain(vae: Vae, x: Tensor, boxes: list[Box], size: tuple[int, int]) -> Explanation:
    """x: (1, 3, 64, 64) of the frame; boxes in pixels of the source image of `size` (W, H)."""
    seen = look(vae, x)
    decoded = vae.decoder_features(seen.latents)
    error = seen.error_map[0]
    features = {
        "image": x,
        **{f"encoder.{i}": f for i, f in enumerate(vae.encoder_features(x), 1)},
        **{f"decoder.{i}": f for i, f in enumerate(decoded, 1)},
    }
    odd = bool(still_deviations(vae, seen.scores)[0, 2] > ODD)
    regions = tuple(explain_region(vae, x, error, features, box, size, odd) for box in boxes)
    return Explanation(error, decoded[-1][0], regions)


def explain_region(
    vae: Vae,
    x: Tensor,
    error: Tensor,
    features: dict[str, Tensor],
    box: Box,
    size: tuple[int, int],
    odd: bool,
) -> RegionExplanation:
    """features: activations by layer name, in the order of the net; odd: whether the latent is"""
    inside, ring = object_and_ring(box, size)
    layers = tuple(view(name, f, inside, ring) for name, f in features.items())
    change = latent_change(vae, x, inside, ring)
    share = float((error * inside).sum() / error.sum())
    return RegionExplanation(box, share, layers, change, verdict(layers, change, odd))


def verdict(layers: tuple[LayerView, ...], latent_change: float, odd: bool) -> str:
    """The first place, from the image on, where the object no longer stands out."""
    lost = [layer.name for layer in layers if layer.separability < SEEN]
    before = [name for name in lost if not name.startswith("decoder")]
    if before:
        return f"lost at {before[0]}"
    if latent_change < CODED:
        return "lost in the bottleneck"
    if lost:
        return f"lost at {lost[0]}"
    return "out of distribution" if odd else "redrawn"


def object_and_ring(box: Box, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Covered part of every pixel, (64, 64) each: of the object, of the background around it."""
    sx, sy = IMAGE_SIZE / size[0], IMAGE_SIZE / size[1]
    x0, y0, x1, y1 = box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy
    margin_x, margin_y = max(2.0, (x1 - x0) / 2), max(2.0, (y1 - y0) / 2)
    inside = coverage(x0, y0, x1, y1)
    outside = coverage(x0 - margin_x, y0 - margin_y, x1 + margin_x, y1 + margin_y)
    return inside, (outside - inside).clamp_min(0.0)


def coverage(x0: float, y0: float, x1: float, y1: float) -> Tensor:
    """How much of each pixel lies inside the box, 0..1: (64, 64)"""
    edge = torch.arange(IMAGE_SIZE, dtype=torch.float32)
    columns = ((edge + 1).clamp_max(x1) - edge.clamp_min(x0)).clamp(0.0, 1.0)
    rows = ((edge + 1).clamp_max(y1) - edge.clamp_min(y0)).clamp(0.0, 1.0)
    return rows[:, None] * columns


def separability(features: Tensor, inside: Tensor, ring: Tensor) -> Tensor:
    """Difference between object and background in deviations of the background, by channel.

    features: (C, H, W)      inside, ring: (64, 64) weights      returns: (C,), nan when too coarse
    """
    shape = (features.shape[1], features.shape[2])
    m, b = (F.adaptive_avg_pool2d(w[None], shape)[0] for w in (inside, ring))  # (H, W)
    m, b = m / m.sum().clamp_min(1e-9), b / b.sum().clamp_min(1e-9)
    if float(torch.minimum(m, b).sum()) > BLURRED:
        return torch.full(features.shape[:1], math.nan)
    mean, background = (features * m).sum((1, 2)), (features * b).sum((1, 2))
    variance = ((features - background[:, None, None]).square() * b).sum((1, 2))
    return (mean - background).abs() / (variance.sqrt() + FLAT)


def view(name: str, features: Tensor, inside: Tensor, ring: Tensor) -> LayerView:
    """features: (1, C, H, W)"""
    by_channel = separability(features[0], inside, ring)
    if by_channel.isnan().any():
        return LayerView(name, math.nan, ())
    best = by_channel.topk(min(TOP_MAPS, len(by_channel)))
    total = float(by_channel.sum().clamp_min(1e-9))
    top = tuple(
        FeatureMap(channel, value / total, features[0, channel])
        for channel, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    )
    return LayerView(name, float(best.values[0]), top)


def latent_change(vae: Vae, x: Tensor, inside: Tensor, ring: Tensor) -> float:
    """How far the latent moves when the object is painted over with the mean colour around it."""
    weight = ring / ring.sum().clamp_min(1e-9)
    colour = (x * weight).sum((2, 3), keepdim=True)  # (1, 3, 1, 1)
    without = x * (1 - inside) + colour * inside
    difference = vae.encode(x)[0] - vae.encode(without)[0]
    return float(vae.calm_latent(difference + vae.calm_latent.get_buffer("mean")).sqrt())
