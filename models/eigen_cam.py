"""Eigen-CAM (Muhammad and Yeasin 2020, arXiv:2008.00299): what stands out to a layer, as one map.

Features are centred and projected on their first principal direction in channel space; what is
positive there is the map.  As in the popular package, without gradients and for no class in
particular.  The direction comes from the Gram matrix of the channels (or of the places, where these
are fewer) instead of the SVD of all features: the same, hundreds of times faster.

A direction has no sign of its own.  Here the side that departs more is positive, and over time a
map keeps the side that it had (`EigenCam`).

C channels, H rows, W columns.
"""

from __future__ import annotations

import torch
from torch import Tensor

from road_clarity.models.errors import BadInput

AGREEMENT = 0.5  # cosine from which two frames are taken to show the same direction
FLAT = 1e-6  # spread below which features are constant [of their largest magnitude]
EQUAL = 1e-6  # difference below which two eigenvalues are the same [of the largest]


class EigenCam:
    """Eigen-CAM of one layer over the frames of a drive: its sign does not flip between them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget earlier frames."""
        self._before: Tensor | None = None

    def step(self, features: Tensor) -> Tensor:
        """(C, H, W) -> (H, W) in [0, 1].  Raises BadInput for features that are not finite."""
        centred, direction = principal_direction(features)
        if direction is None:
            return features.new_zeros(features.shape[1:], dtype=torch.float32)
        direction = signed(direction, centred, self._before)
        self._before = direction
        return positive_side(direction @ centred).view(features.shape[1:])


def eigen_cam(features: Tensor) -> Tensor:
    """A single frame.  (C, H, W) -> (H, W) in [0, 1]; all 0 when the features are constant.

    Raises BadInput for features that are not finite.
    """
    return EigenCam().step(features)


def principal_direction(features: Tensor) -> tuple[Tensor, Tensor | None]:
    """(C, H, W) -> centred features (C, H * W), and the direction they differ most along, (C,).

    float32, the direction of length 1; None when the features are constant.  Raises BadInput.
    """
    places = features.float().flatten(1)
    largest = float(places.abs().max())
    if not largest < torch.inf:
        raise BadInput("features", "are not finite", "Eigen-CAM needs numbers: mend the network")
    centred = places - places.mean(dim=1, keepdim=True)
    if centred.square().mean() <= (FLAT * largest) ** 2:
        return centred, None
    few_channels = len(centred) <= centred.shape[1]
    first = strongest(centred if few_channels else centred.T)
    direction = first if few_channels else centred @ first
    return centred, direction / direction.norm()


def strongest(rows: Tensor) -> Tensor:
    """The eigenvector (n,) of rows @ rows.T with the largest eigenvalue.  rows: (n, m)

    The products are taken in float32, which is 3 ms faster for 128 channels than float64; what that
    costs, up to 2e-5 of a map where no direction stands out, one step of perturbation theory mends.
    """
    strengths, vectors = torch.linalg.eigh((rows @ rows.T).double())
    first: Tensor = vectors[:, -1]
    exact = rows.double()
    leaks = vectors.T @ (exact @ (first @ exact))  # into each of the other eigenvectors
    gaps = strengths[-1] - strengths
    first = first + vectors @ torch.where(gaps > EQUAL * strengths[-1], leaks / gaps, 0.0)
    return first.float()


def signed(direction: Tensor, centred: Tensor, before: Tensor | None) -> Tensor:
    """The direction or its opposite: like the one before when it is nearly the same one.

    Otherwise so that the side of the projection that departs more is positive.
    """
    if before is not None and before.shape == direction.shape:
        cosine = float(before @ direction)
        if abs(cosine) >= AGREEMENT:
            return direction if cosine > 0 else -direction
    projected = direction @ centred
    return direction if projected.max() >= -projected.min() else -direction


def positive_side(projected: Tensor) -> Tensor:
    """What is above the mean, as a share of its largest value."""
    positive = projected.clamp_min(0.0)
    return positive / positive.max()
