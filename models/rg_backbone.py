"""A transparent autoencoder whose weights are computed from frames instead of being trained.

Coarse graining as in "Why Unsupervised Deep Networks Generalize" (de Mello Koch et al. 2020,
arXiv:2012.03531), made convolutional for "On the Road to Clarity" (arXiv:2404.17350): at each scale
every block of 2 x 2 cells is replaced by its strongest modes, those of the largest eigenvalues of
the blocks' covariance; at the top the strongest modes of the whole frame remain, scaled to unit
variance.  Encoding is linear and orthogonal.  Decoding adds to its transpose what the strongest
modes that were not kept owe to products of the kept ones (models.mode_couplings), so every latent
and every pair of latents has one picture that it adds, and the squared error of a frame is exactly
the sum of what each scale dropped at each place.

B batch, C channels, H rows, W columns, D latents; images are (B, 3, S, S) in [0, 1].
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.mode_couplings import (
    fit_couplings,
    frame_weights,
    pairs,
    product_slopes,
    products,
)

BLOCK = 2  # cells per side that become one
# side of the image [px] -> modes kept per scale; the coarsest scale has 4 x 4 cells
MODES = {64: (10, 32, 64, 128), 128: (10, 32, 64, 96, 128)}
TOP_CELLS = 4
LEAST_VARIANCE = 1e-9  # of a latent; below it frames do not differ along this mode
FAST = 128  # modes not kept that follow the kept ones, the strongest
CHUNK = 256  # frames at a time while fitting


class ErrorBudget(NamedTuple):
    """Where the squared error of a frame was lost; all entries together are all of it."""

    scales: tuple[Tensor, ...]  # (B, S/2, S/2) ... (B, 4, 4): dropped when blocks became cells
    top: Tensor  # (B, 4, 4): what D latents do not tell of the coarsest scale


class Modes(NamedTuple):
    """Strongest modes of vectors of n numbers."""

    mean: Tensor  # (n,)
    vectors: Tensor  # (n, m) orthonormal, strongest first
    variances: Tensor  # (m,)
    dropped: float  # sum of the variances of the modes that were not kept


class Moments:
    """Running mean and covariance in float64."""

    def __init__(self, n: int) -> None:
        self.count, self.sum = 0.0, torch.zeros(n, dtype=torch.float64)
        self.products = torch.zeros(n, n, dtype=torch.float64)

    def add(self, vectors: Tensor, weights: Tensor | None = None) -> None:
        """vectors: (N, n)      weights: (N,) how often each counts; once unless given"""
        wide = vectors.double()
        each = wide if weights is None else wide * weights[:, None]
        self.count += len(wide) if weights is None else float(weights.sum())
        self.sum += each.sum(0)
        self.products += each.T @ wide

    def strongest(self, m: int) -> Modes:
        """Raises BadInput when fewer than m modes vary."""
        found = self.varying(m)
        if len(found.variances) < m:
            varying = len(found.variances)
            raise BadInput(
                "frames", f"with {varying} independent modes", f"{m} must vary; add frames"
            )
        return found

    def varying(self, most: int) -> Modes:
        """The strongest of those that vary, at most so many."""
        mean = self.sum / self.count
        values, vectors = torch.linalg.eigh(self.products / self.count - mean.outer(mean))
        values, vectors = values.flip(0), vectors.flip(1)
        m = min(most, int((values > LEAST_VARIANCE).sum()))
        vectors = vectors[:, :m]
        largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
        return Modes(mean, vectors * largest.sign(), values[:m], float(values[m:].sum()))


class CoarseGraining(nn.Module):
    """One scale.  (B, C, H, W) -> (B, m, H/2, W/2) and back"""

    def __init__(self, channels: int, modes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, BLOCK, BLOCK))
        self.register_buffer("filters", torch.full((modes, channels, BLOCK, BLOCK), math.nan))

    def fit(self, modes: Modes) -> None:
        mean, filters = self.get_buffer("mean"), self.get_buffer("filters")
        mean.copy_(modes.mean.view_as(mean))
        filters.copy_(modes.vectors.T.reshape(filters.shape))

    def encode(self, x: Tensor) -> Tensor:
        filters = self.get_buffer("filters")
        shift = -(filters * self.get_buffer("mean")).sum((1, 2, 3))
        return F.conv2d(x, filters, shift, stride=BLOCK)

    def decode(self, y: Tensor) -> Tensor:
        blocks = F.conv_transpose2d(y, self.get_buffer("filters"), stride=BLOCK)
        return blocks + self.get_buffer("mean").repeat(1, *y.shape[2:])

    def dropped(self, x: Tensor) -> Tensor:
        """Squared error that this scale alone makes, by block: (B, H/2, W/2)"""
        error = (x - self.decode(self.encode(x))).square().sum(1, keepdim=True)
        return F.avg_pool2d(error, BLOCK, divisor_override=1)[:, 0]


def blocks(x: Tensor) -> Tensor:
    """All blocks of all frames as vectors: (B, C, H, W) -> (B * H/2 * W/2, C * 4)"""
    return F.unfold(x, BLOCK, stride=BLOCK).transpose(1, 2).flatten(0, 1)


class RgBackbone(Autoencoder):
    """Frame to D latents, linearly, and back; the latents of the fitted frames have variance 1."""

    stored = torch.float32  # in half precision the modes would not be orthogonal

    def __init__(self, side: int = 64, latents: int = 32) -> None:
        super().__init__(side, latents)
        modes = MODES[side]
        self.scales = nn.ModuleList(
            CoarseGraining(*pair) for pair in zip((3, *modes[:-1]), modes, strict=True)
        )
        top = modes[-1] * TOP_CELLS**2
        self.register_buffer("top_mean", torch.zeros(top))
        self.register_buffer("top_modes", torch.full((top, latents), math.nan))
        self.register_buffer("variance", torch.ones(latents))  # of the modes at the top
        self.register_buffer("noise", torch.ones(()))  # mean variance of a mode left out there
        count = pairs(latents).shape[1]
        self.register_buffer("fast_modes", torch.full((top, FAST), math.nan))  # 0: nothing varied
        self.register_buffer("couplings", torch.zeros(FAST, count))  # to products of latents
        self.register_buffer("fast_offset", torch.zeros(FAST))

    def grainings(self) -> list[CoarseGraining]:
        """Finest first."""
        return [cast(CoarseGraining, scale) for scale in self.scales]

    def owns(self, layer: str) -> bool:
        """The couplings act at the coarsest scale; from there on decoding is the transpose."""
        return layer == "decoder.1"

    def fit(self, frames: Tensor, clips: Tensor | None = None) -> None:
        """Compute all weights from frames (N, 3, S, S).  Raises BadInput if they hardly vary.

        clips: (N,) number of the clip of each frame; every frame is its own unless given.  At the
        top, where streets differ, a clip counts by the root of its length.
        """
        numbers = torch.arange(len(frames)) if clips is None else clips
        parts = list(frames.split(CHUNK))
        for scale in self.grainings():
            filters = scale.get_buffer("filters")
            moments = Moments(filters[0].numel())
            for part in parts:
                moments.add(blocks(part))
            scale.fit(moments.strongest(len(filters)))
            parts = [scale.encode(part) for part in parts]
        count, latents = self.get_buffer("top_modes").shape
        moments = Moments(count)
        for part, weights in zip(parts, frame_weights(numbers).split(CHUNK), strict=True):
            moments.add(part.flatten(1), weights)
        self._fit_top(moments.strongest(latents))
        self._fit_fast(torch.cat([part.flatten(1) for part in parts]), numbers)

    def fit_fast(self, frames: Tensor, clips: Tensor | None = None) -> None:
        """Only what fast modes follow, from frames as for `fit`; the latents stay as they are."""
        tops = [self.encoder_features(part)[-1].flatten(1) for part in frames.split(CHUNK)]
        self._fit_fast(torch.cat(tops), torch.arange(len(frames)) if clips is None else clips)

    def _fit_fast(self, tops: Tensor, clips: Tensor) -> None:
        """tops: (N, n) of the coarsest scale"""
        latents = self._latents_of(tops)
        left = tops - self.get_buffer("top_mean") - self._slow(latents)
        modes = strongest_left(left)
        found = fit_couplings(latents, left.double() @ modes, clips)
        self.get_buffer("fast_modes").copy_(modes)
        self.get_buffer("couplings").copy_(found.weights)
        self.get_buffer("fast_offset").copy_(found.offset)

    def _fit_top(self, modes: Modes) -> None:
        count, latents = modes.vectors.shape
        self.get_buffer("top_mean").copy_(modes.mean)
        self.get_buffer("top_modes").copy_(modes.vectors)
        self.get_buffer("variance").copy_(modes.variances)
        self.get_buffer("noise").fill_(modes.dropped / (count - latents))

    def encoder_features(self, x: Tensor) -> list[Tensor]:
        """What is kept at each scale: (B, 10, S/2, S/2) ... (B, 128, 4, 4)"""
        features = []
        for scale in self.grainings():
            x = scale.encode(x)
            features.append(x)
        return features

    def decoder_features(self, z: Tensor) -> list[Tensor]:
        """What the latents say of each scale: (B, 128, 4, 4) ... the image (B, 3, S, S)"""
        fast = products(z) @ self.get_buffer("couplings").T + self.get_buffer("fast_offset")
        flat = self._slow(z) + fast @ self.get_buffer("fast_modes").T
        return self._finer(flat + self.get_buffer("top_mean"))

    def _slow(self, z: Tensor) -> Tensor:
        """What the kept modes say of the coarsest scale, around its mean: (B, D) -> (B, n)"""
        return (z * self.get_buffer("variance").sqrt()) @ self.get_buffer("top_modes").T

    def _finer(self, flat: Tensor) -> list[Tensor]:
        """The coarsest scale (B, n) -> (B, 128, 4, 4) ... the image (B, 3, S, S)"""
        x = flat.unflatten(1, (-1, TOP_CELLS, TOP_CELLS))
        features = [x]
        for scale in reversed(self.grainings()):
            x = scale.decode(x)
            features.append(x)
        return features

    def look(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        features = self.encoder_features(x)
        return features, self._latents_of(features[-1].flatten(1))

    def _latents_of(self, flat: Tensor) -> Tensor:
        """The coarsest scale (B, n) -> (B, D)"""
        centred = flat - self.get_buffer("top_mean")
        return centred @ self.get_buffer("top_modes") / self.get_buffer("variance").sqrt()

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-> mu, logsigma, each (B, D): posterior of probabilistic PCA (Tipping & Bishop 1999)"""
        mu, variance = self.look(x)[1], self.get_buffer("variance")
        logsigma = 0.5 * (self.get_buffer("noise") / variance).log()
        return mu, logsigma.expand_as(mu)

    def latent_maps(self) -> Tensor:
        """The picture by which each latent is read, and that one unit of it adds: (D, 3, S, S)

        decode(z) = decode(0) + sum_i z_i latent_maps()[i] + sum_{i<=j} z_i z_j pair_map(i, j),
        exactly, as long as no |z_i| is above CALM; beyond it the products grow no more.
        """
        return self._pictures(self._slow(torch.eye(self.latents).to(self.get_buffer("noise"))))

    def pair_map(self, i: int, j: int) -> Tensor:
        """The picture that one unit of the product of two latents adds: (3, S, S)"""
        first, second = pairs(self.latents)
        at = int(((first == min(i, j)) & (second == max(i, j))).nonzero())
        fast = self.get_buffer("couplings")[:, at]
        return self._pictures((self.get_buffer("fast_modes") @ fast)[None])[0]

    def local_maps(self, z: Tensor) -> Tensor:
        """The slope of every pixel with each latent where the latents are z (D,): (D, 3, S, S)"""
        fast = product_slopes(z) @ self.get_buffer("couplings").T
        curved = self._pictures(fast @ self.get_buffer("fast_modes").T)
        return self.latent_maps() + curved

    def _pictures(self, flat: Tensor) -> Tensor:
        """What changes in the image with the coarsest scale: (B, n) -> (B, 3, S, S)"""
        return self._finer(flat)[-1] - self._finer(torch.zeros_like(flat[:1]))[-1]

    def error_budget(self, x: Tensor) -> ErrorBudget:
        """Where the squared error of `reconstruct`, summed over colours and pixels, was lost."""
        inputs = [x, *self.encoder_features(x)]
        lost = tuple(scale.dropped(y) for scale, y in zip(self.grainings(), inputs, strict=False))
        kept = self.decoder_features(self.encode(x)[0])[0]
        return ErrorBudget(lost, (inputs[-1] - kept).square().sum(1))


def strongest_left(left: Tensor) -> Tensor:
    """The FAST strongest modes of what was not kept, (N, n) -> (n, FAST); 0 where none varies."""
    moments = Moments(left.shape[1])
    moments.add(left)
    vectors = moments.varying(FAST).vectors
    return F.pad(vectors, (0, FAST - vectors.shape[1]))
