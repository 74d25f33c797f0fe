"""EfficientNet-Lite0 as the backbone of an FFNet (models.ffnet): it can begin with ImageNet.

B batch, H rows, W columns.
"""

from __future__ import annotations

from itertools import accumulate

from torch import Tensor, nn

from road_clarity.models.efficientnet_lite import EfficientNetLite0


class LiteBackbone(nn.Module):
    """(B, 3, H, W) -> features at 1/4, 1/8, 1/16 and 1/32 of its size"""

    def __init__(self, widths: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        """widths: of the four scales      blocks: of EfficientNet-Lite0 down to each of them"""
        super().__init__()
        self.widths = list(widths)
        self.trunk = EfficientNetLite0(sum(blocks))
        self._last = tuple(end - 1 for end in accumulate(blocks))  # block of each scale

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.trunk.maps(x, self._last)
