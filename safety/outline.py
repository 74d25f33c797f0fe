"""Tracker and segmentation must agree on what is in a box.

A tracker may drift off its target and stay sure of itself; the segmentation does not drift, but
tells nobody apart.  Where too little of a vehicle's box is of its kind, the two disagree and the
box tells no distance.  People count in spite of that, for the segmentation misses many; but where
it sees nothing of a person in the box of one, it is nobody in a quarter of the cases, instead of
one in forty (simulated streets, seeds 5000 to 5008).  The box itself stays the tracker's: an
outline of cells four pixels high makes a car that is 20 m away jump by two metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.scene import CLASSES, Segmentation, Track
from road_clarity.safety.untracked import KINDS

NOTHING = 0.02  # share of a box below which nothing in it is of its kind
LOWER, FEWEST_ROWS = 0.25, 3  # share of a box, and rows of cells, that are its lower part
BARE = 0.05  # share of a row of cells below which nothing in it is of its kind
LEAST = {"person": 0.15, "vehicle": 0.4}  # share of a box that is of its kind


def tells_place(track: Track, segmentation: Segmentation) -> bool:
    """Whether its box may tell where it stands."""
    if track.label == "person":
        return True
    return agrees(track, segmentation) and not is_bare_below(track, segmentation)


def is_bare_below(track: Track, segmentation: Segmentation) -> bool:
    """Whether the lower part of its box holds nothing of its kind: it has taken in the road, such
    as the stripes of a crossing, and ends nearer than what it follows."""
    rows = of_kind(track, segmentation)
    below = rows[-max(int(np.ceil(LOWER * len(rows))), FEWEST_ROWS) :]
    return len(rows) > FEWEST_ROWS and bool((below.mean(axis=1) < BARE).all())


def is_denied(track: Track, segmentation: Segmentation) -> bool:
    """Whether nothing in a person's box is one to the segmentation."""
    return track.label == "person" and share_of_kind(track, segmentation) < NOTHING


def agrees(track: Track, segmentation: Segmentation) -> bool:
    """Whether enough of its box is of its kind."""
    return share_of_kind(track, segmentation) >= LEAST[track.label]


def share_of_kind(track: Track, segmentation: Segmentation) -> float:
    """Of the cells in its box; 0 where the box is out of the picture."""
    mine = of_kind(track, segmentation)
    return float(mine.mean()) if mine.size else 0.0


def of_kind(track: Track, segmentation: Segmentation) -> NDArray[np.bool_]:
    """Which cells of its box are of its kind, (rows, columns)."""
    height, width = segmentation.classes.shape
    sx, sy = segmentation.size[0] / width, segmentation.size[1] / height
    left, top = max(int(track.box[0] / sx), 0), max(int(track.box[1] / sy), 0)
    right, bottom = int(np.ceil(track.box[2] / sx)), int(np.ceil(track.box[3] / sy))
    inside = segmentation.classes[top:bottom, left:right]
    return np.isin(inside, [CLASSES.index(name) for name in KINDS[track.label]])
