"""Eigen-CAM of maps as large as networks have them, against the SVD of the popular package.

C channels, H rows, W columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.evaluation.bench.rounds import in_turn, milliseconds
from road_clarity.models.eigen_cam import eigen_cam

# C, H, W: SCNN's features, a shallow layer at twice the size, VGG16's last layer
SIZES = ((128, 36, 100), (64, 72, 200), (512, 36, 100))
CAUSES = 8  # that the features have in common


@dataclass(frozen=True, kw_only=True)
class CamRow:
    """One size of map."""

    size: tuple[int, int, int]
    ms_p50: float
    ms_p99: float
    ms_best: float
    rounds: int
    ms_full_svd: float  # measured once: it may take ten seconds
    ms_thin_svd: float  # once, too; without the left vectors that nobody uses
    ratio: float  # times as fast as the full SVD
    ratio_thin: float
    difference: float  # largest, of maps in [0, 1]


@torch.inference_mode()
def eigen_cams(seconds: float) -> list[CamRow]:
    """seconds: for each size, beside the SVDs"""
    return [one_size(size, seconds) for size in SIZES]


def one_size(size: tuple[int, int, int], seconds: float) -> CamRow:
    features = made_up_features(size)
    ours = in_turn({"ours": lambda: eigen_cam(features)}, seconds)["ours"]
    thin_ms = milliseconds(lambda: cam_by_svd(features, full=False))
    full_ms = milliseconds(lambda: cam_by_svd(features, full=True))
    apart = eigen_cam(features).numpy() - cam_by_svd(features, full=False)
    return CamRow(
        size=size,
        ms_p50=ours.p50,
        ms_p99=ours.p99,
        ms_best=ours.best,
        rounds=ours.count,
        ms_full_svd=full_ms,
        ms_thin_svd=thin_ms,
        ratio=full_ms / ours.p50,
        ratio_thin=thin_ms / ours.p50,
        difference=float(np.abs(apart).max()),
    )


def made_up_features(size: tuple[int, int, int]) -> Tensor:
    """Positive, and of few causes, as a layer's are; with noise.  (C, H, W)"""
    torch.manual_seed(0)
    channels, rows, columns = size
    causes = torch.randn(channels, CAUSES) @ torch.randn(CAUSES, rows * columns)
    return (causes + torch.randn_like(causes)).relu().view(size)


def cam_by_svd(features: Tensor, full: bool) -> NDArray[np.float32]:
    """The map (H, W) from the SVD of all features; on the side that departs more, as ours.

    full: with the H W x H W matrix of left vectors, as the package asks for
    """
    places = features.flatten(1).numpy().T  # (H W, C)
    centred = places - places.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=full)
    projected = centred @ directions[0]
    if projected.max() < -projected.min():
        projected = -projected
    positive = projected.clip(0)
    shares: NDArray[np.float32] = positive / positive.max()
    return shares.reshape(features.shape[1:])
