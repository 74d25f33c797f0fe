"""How lanes are held against CULane's labels: the figures of the official Run.sh."""

from __future__ import annotations

from dataclasses import dataclass

from road_clarity.safety.settings import Checked, setting


@dataclass(frozen=True, kw_only=True)
class CulaneRules(Checked):
    """Two lanes are one when, drawn as broad lines, they overlap enough."""

    lane_width: int = setting(30, "width at which lanes are drawn [px]", low=1, high=1000)
    iou: float = setting(0.5, "overlap above which a lane is found", low=0.0, high=1.0)
    image_width: int = setting(1640, "width of the images [px]", low=1, high=20000)
    image_height: int = setting(590, "height of the images [px]", low=1, high=20000)
