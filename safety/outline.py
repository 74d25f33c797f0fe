"""Tracker and segmentation must agree on what is in a box.

A tracker may drift off its target and stay sure of itself; the segmentation does not drift, but
tells nobody apart.  Where too little of a vehicle's box is of its kind, the two disagree and the
box tells no distance.  People count in spite of that: of those who are less than a fifth of the
image high the segmentation misses more than half.  The box itself stays the tracker's: an outline
of cells four pixels high makes a car that is 20 m away jump by two metres.
"""

from __future__ import annotations

import numpy as np

from road_clarity.safety.scene import CLASSES, Segmentation, Track
from road_clarity.safety.untracked import KINDS

LEAST = {"person": 0.15, "vehicle": 0.4}  # share of a box that is of its kind


def tells_place(track: Track, segmentation: Segmentation) -> bool:
    """Whether its box may tell where it stands."""
    return track.label == "person" or agrees(track, segmentation)


def agrees(track: Track, segmentation: Segmentation) -> bool:
    """Whether enough of its box is of its kind."""
    height, width = segmentation.classes.shape
    sx, sy = segmentation.size[0] / width, segmentation.size[1] / height
    left, top = max(int(track.box[0] / sx), 0), max(int(track.box[1] / sy), 0)
    right, bottom = int(np.ceil(track.box[2] / sx)), int(np.ceil(track.box[3] / sy))
    inside = segmentation.classes[top:bottom, left:right]
    mine = np.isin(inside, [CLASSES.index(name) for name in KINDS[track.label]])
    return mine.size > 0 and bool(mine.mean() >= LEAST[track.label])
