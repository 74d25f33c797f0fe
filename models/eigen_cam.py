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
        projected = direction @ centred
        if self._is_opposite(direction, projected):
            direction, projected = -direction, -projected
        self._before = direction
        positive = projected.clamp_min_(0.0)
        return (positive / positive.max()).view(features.shape[1:])

    def _is_opposite(self, direction: Tensor, projected: Tensor) -> bool:
        """The side to show is that of the frame before where it shows nearly the same direction,
        otherwise the one that departs more."""
        if self._before is not None and self._before.shape == direction.shape:
            cosine = float(self._before @ direction)
            if abs(cosine) >= AGREEMENT:
                return cosine < 0
        least, most = projected.aminmax()
        return bool(most < -least)


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
    least, most = (float(side) for side in places.aminmax())  # nan when there is any
    largest = max(-least, most)
    if not -torch.inf < least <= most < torch.inf:
        raise BadInput("features", "are not finite", "Eigen-CAM needs numbers: mend the network")
    centred = places - places.mean(dim=1, keepdim=True)
    few_channels = len(centred) <= centred.shape[1]
    first = strongest(centred if few_channels else centred.T, FLAT * largest)
    if first is None:
        return centred, None
    direction = first if few_channels else centred @ first
    return centred, direction / direction.norm()


def strongest(rows: Tensor, flat: float) -> Tensor | None:
    """The eigenvector (n,) of rows @ rows.T with the largest eigenvalue.  rows: (n, m)

    None where the numbers spread by no more than `flat`.  All but two products are in float32: half
    the time.  What that costs, up to 3e-5 of a map where no direction stands out, one step of
    perturbation theory mends.
    """
    gram = rows @ rows.T
    if gram.trace() <= rows.numel() * flat**2:
        return None
    strengths, vectors = (found.double() for found in torch.linalg.eigh(gram))
    first: Tensor = vectors[:, -1] / vectors[:, -1].norm()
    exact = rows.double()
    turned = exact @ (first @ exact)
    leaks = vectors.T @ (turned - (first @ turned) * first)  # into the other eigenvectors
    gaps = strengths[-1] - strengths
    first = first + vectors @ torch.where(gaps > EQUAL * strengths[-1], leaks / gaps, 0.0)
    return first.float()
