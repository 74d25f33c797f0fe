"""Disagreement: two networks say of one place what cannot both be true."""

from __future__ import annotations

import numpy as np

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import Corridor
from road_clarity.safety.outline import agrees
from road_clarity.safety.risk import Cause, ramp
from road_clarity.safety.scene import CLASSES, Lanes, Segmentation, Tracks

NEAR = (0.4, 0.9)  # rows of the corridor that are asked [closeness]
ON_ROAD = ("Road", "Car", "Pedestrian", "Bicyclist")  # what may be in a lane
NO_ROAD, SURE = 0.5, 0.2  # share of road in the lane at which disagreement begins, and is full


def uncertain(
    tracks: Tracks, segmentation: Segmentation, strip: Corridor, config: SafetyConfig
) -> list[Cause]:
    """Tracks in the corridor whose boxes hold too little of their kind."""
    causes = []
    for track in tracks.tracks:
        x, y = (track.box[0] + track.box[2]) / 2, track.box[3]
        inside = y > strip.horizon and 0.0 <= strip.position(x, y) <= 1.0
        if inside and not agrees(track, segmentation):
            text = f"the segmentation sees no {track.label} where {track.label} {track.id} is"
            points = config.uncertain_weight
            causes.append(Cause("track.uncertain", points, track.box, text, track.label, track.id))
    return causes


def no_road(
    lanes: Lanes, segmentation: Segmentation, strip: Corridor, config: SafetyConfig
) -> list[Cause]:
    """Share of road between the lines of the ego lane, near the car; the bonnet is left out."""
    if not {2, 3} <= {lane.id for lane in lanes.lanes}:
        return []
    height, width = segmentation.classes.shape
    sx, sy = segmentation.size[0] / width, segmentation.size[1] / height
    reach = strip.bottom - strip.horizon
    rows = [strip.horizon + share * reach for share in np.linspace(*NEAR, 12)]
    cells = [cell for y in rows for cell in row_cells(segmentation, strip, y, sx, sy)]
    if not cells:
        return []
    road = float(np.isin(cells, [CLASSES.index(name) for name in ON_ROAD]).mean())
    text = f"{road:.0%} of the car's lane is road to the segmentation"
    return [Cause("lane.no_road", config.no_road_weight * ramp(road, NO_ROAD, SURE), None, text)]


def row_cells(
    segmentation: Segmentation, strip: Corridor, y: float, sx: float, sy: float
) -> list[int]:
    """The classes between the edges of the corridor in a row of the image."""
    height, width = segmentation.classes.shape
    left, right = (x0 + slope * y for x0, slope in (strip.left, strip.right))
    row = min(int(y / sy), height - 1)
    start, end = max(int(left / sx), 0), min(int(right / sx), width)
    return [int(one) for one in segmentation.classes[row, start:end]]
