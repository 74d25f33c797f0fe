"""What the viewer's own motion does to the picture, so that the motion of others remains.

Dense optical flow (Farneback 2003), of which the affine part that most places agree on (RANSAC,
Fischler & Bolles 1981) counts as our own: turning the head, walking, driving.
T frames (T, 3, S, S) in [0, 1], S side [px].
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

WINDOW_PX, LEVELS, ROUNDS = 9, 3, 3  # of the optical flow
SPACING_PX = 4  # between the places that are asked
AGREES_PX = 1.0  # farthest that a place may be off to agree; parallax below it is our own, too
SMOOTHING = (5, 1.1)  # pixels and deviation of the polynomials that the flow compares


def carried(x: Tensor) -> Tensor:
    """What our own motion alone would have made of each frame one step later: -> (T - 1, 3, S, S)

    Where the view is new, it is what came into view: nobody but us made it appear.
    """
    pictures = np.ascontiguousarray(x.permute(0, 2, 3, 1).cpu().float().numpy())
    pairs = zip(pictures[:-1], pictures[1:], strict=True)
    moves = [(before, own_motion(before, after)) for before, after in pairs]
    moved = tensor([warped(before, affine) for before, affine in moves]).to(x)
    known = tensor([warped(np.ones_like(before), affine) for before, affine in moves]).to(x)
    return nearest_of(moved, x[1:]).where(known > 1 - 1e-3, x[1:])


def own_motion(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float64]:
    """Two pictures (S, S, 3) -> the affine map (2, 3) of pixels of the first to the second."""
    grey = [cv2.cvtColor((255 * p).astype(np.uint8), cv2.COLOR_RGB2GRAY) for p in (before, after)]
    nothing = np.zeros((*grey[0].shape, 2), np.float32)
    flow = cv2.calcOpticalFlowFarneback(
        grey[0], grey[1], nothing, 0.5, LEVELS, WINDOW_PX, ROUNDS, SMOOTHING[0], SMOOTHING[1], 0
    )
    places = np.arange(SPACING_PX // 2, len(before), SPACING_PX)
    rows, columns = np.meshgrid(places, places, indexing="ij")
    start = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float64)
    end = start + flow[rows, columns].reshape(-1, 2)
    affine, _ = cv2.estimateAffine2D(start, end, ransacReprojThreshold=AGREES_PX)
    return np.eye(2, 3) if affine is None else np.asarray(affine)


def warped(picture: NDArray[np.float32], affine: NDArray[np.float64]) -> NDArray[np.float32]:
    """(S, S, 3) -> the same, moved; 0 where nothing is known"""
    return np.asarray(cv2.warpAffine(picture, affine, (picture.shape[1], picture.shape[0])))


def nearest_of(moved: Tensor, after: Tensor) -> Tensor:
    """For each pixel of `after` the most similar of the 3 x 3 around its place in `moved`.

    Small parallax (AGREES_PX) is our own motion, too.  Two (N, 3, S, S) -> the same
    """
    count, colours, height, width = moved.shape
    around = F.unfold(F.pad(moved, (1, 1, 1, 1), mode="replicate"), 3)
    around = around.view(count, colours, 9, height, width)
    best = (around - after[:, :, None]).abs().sum(1, keepdim=True).argmin(2, keepdim=True)
    return around.gather(2, best.expand(-1, colours, -1, -1, -1))[:, :, 0]


def tensor(pictures: list[NDArray[np.float32]]) -> Tensor:
    """N of (S, S, 3) -> (N, 3, S, S)"""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
