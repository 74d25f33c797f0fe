"""How ffnet_edge begins: with what ImageNet knows, of which the lowest part stays as it is.

Edges and colours are the same on a road, and slopes through the first blocks, at half the image's
size, would cost as much as all others.  So would those of the filters of single channels: the
convolutions around them, which mix channels, learn instead.
"""

from __future__ import annotations

from typing import Any

from road_clarity.models.efficientnet_lite import EfficientNetLite0
from road_clarity.models.ffnet import FFNet
from road_clarity.models.lite_backbone import LiteBackbone
from road_clarity.training.imagenet_start import start_lite0

ARCHITECTURE = "ffnet_39lite_lee"


def start(network: FFNet, kept: int) -> None:
    """Put ImageNet's weights into the trunk; stem, `kept` blocks and all filters stay so."""
    trunk = trunk_of(network)
    start_lite0(trunk)
    for part in (*trunk.lower(kept), *trunk.filters()):
        part.requires_grad_(False)


def trunk_of(network: FFNet) -> EfficientNetLite0:
    backbone = network.backbone_model
    assert isinstance(backbone, LiteBackbone)  # the recipe builds no other
    return backbone.trunk


def parts(network: FFNet, share: float) -> list[dict[str, Any]]:
    """For an optimiser: what learns in the trunk, at that share of the rate, and the head."""
    trunk = [one for one in trunk_of(network).parameters() if one.requires_grad]
    return [{"params": trunk, "share": share}, {"params": list(network.head.parameters())}]
