"""Where an error has come up: what the reconstruction lacks now and did not a step ago.

A street is full of small things that no reconstruction draws, so the largest error is seldom the
news.  What was lacking near a place in the frame before, may be lacking there again: as it was, or
as our own motion has moved it.
S side of the images [px]; they are (1, 3, S, S) in [0, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.safety.own_motion import carried

NEAR_PX = 1  # others move, and our own motion is not known to the pixel


@torch.no_grad()
def onset_map(net: Autoencoder, before: Tensor, now: Tensor) -> Tensor:
    """Squared difference of what is lacking from the likest that was, mean over colours: (S, S)"""
    pictures = torch.cat([before, carried(torch.cat([before, now])), now])
    lacking = pictures - net.reconstruct(pictures).clamp(0, 1)
    differences = (lacking[2:] - neighbours(lacking[:2])).square().mean(1)
    return differences.amin(0)


def neighbours(maps: Tensor) -> Tensor:
    """All maps, moved by every step of at most NEAR_PX: (B, 3, S, S) -> (B * steps, 3, S, S)"""
    side, reach = maps.shape[-1], 2 * NEAR_PX + 1
    wide = F.pad(maps, [NEAR_PX] * 4, mode="replicate")
    return torch.cat([
        wide[..., row : row + side, column : column + side]
        for row in range(reach)
        for column in range(reach)
    ])  # fmt: skip
