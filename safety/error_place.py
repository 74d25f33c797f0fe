"""Where in the frame the error is strangest: against what is calm at that place.

S side of the image [px].
"""

from __future__ import annotations

import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.safety.anomaly import log_smooth, smooth


def strange_map(net: Autoencoder, error: Tensor) -> Tensor:
    """Error in deviations from calm at each pixel; without calibration the smoothed error itself.

    error: (S, S) squared      returns: (S, S)
    """
    if not bool(torch.isfinite(net.calm_pixels.get_buffer("mean")).all()):
        return smooth(error[None])[0]
    strange: Tensor = net.calm_pixels(log_smooth(error[None]))[0]
    return strange


def strangest_point(net: Autoencoder, error: Tensor) -> tuple[int, int]:
    """Column and row of the pixel whose error is strangest: (S, S) -> (x, y) [px]"""
    row, column = divmod(int(strange_map(net, error).argmax()), error.shape[1])
    return column, row
