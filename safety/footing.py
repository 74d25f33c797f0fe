"""What people stand on: whoever is on the road is about to cross it, whoever is on the pavement
mostly walks along."""

from __future__ import annotations

import numpy as np

from road_clarity.safety.scene import CLASSES, Box, Segmentation

ROAD, PAVEMENT = CLASSES.index("Road"), CLASSES.index("Pavement")
AROUND = 0.5  # of the width of a box, to both sides
BELOW = 0.06  # of the height of a box, under the foot
CLEAR = 0.75  # share of one of the two from which it counts


def stands_on(box: Box, segmentation: Segmentation) -> str | None:
    """'road' or 'pavement' about the foot of a box; None where it is neither, or both."""
    height, width = segmentation.classes.shape
    sx, sy = segmentation.size[0] / width, segmentation.size[1] / height
    x0, top, x1, foot = box
    wide = AROUND * (x1 - x0)
    row = int((foot + BELOW * (foot - top)) / sy)
    left, right = int((x0 - wide) / sx), int(np.ceil((x1 + wide) / sx))
    cells = segmentation.classes[
        max(row - 1, 0) : min(row + 1, height), max(left, 0) : min(right, width)
    ]
    road, pavement = int((cells == ROAD).sum()), int((cells == PAVEMENT).sum())
    if road + pavement < 2:
        return None
    share = road / (road + pavement)
    return "road" if share >= CLEAR else "pavement" if share <= 1 - CLEAR else None
