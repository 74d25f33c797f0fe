"""Tracker and segmentation must agree: a box that is followed is drawn tight about its pixels.

A tracker may drift off its target and stay sure of itself; the segmentation does not drift, but
tells nobody apart.  Where too little of a vehicle's box is of its kind, the two disagree and the
box tells no distance.  People count in spite of that: of those who are less than a fifth of the
image high the segmentation misses more than half.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from road_clarity.safety.scene import CLASSES, Segmentation, Track
from road_clarity.safety.untracked import KINDS

LEAST = {"person": 0.15, "vehicle": 0.4}  # share of a box that is of its kind
DENSE = 0.3  # share of a column or row, against the fullest, that belongs to the object


def placed(track: Track, segmentation: Segmentation) -> Track | None:
    """The track with the box that tells where it stands; None: it tells nothing."""
    return None if track.label == "vehicle" and outlined(track, segmentation) is None else track


def outlined(track: Track, segmentation: Segmentation) -> Track | None:
    """The track with the box of the pixels of its kind inside its box; None: they disagree."""
    height, width = segmentation.classes.shape
    sx, sy = segmentation.size[0] / width, segmentation.size[1] / height
    left, top = max(int(track.box[0] / sx), 0), max(int(track.box[1] / sy), 0)
    right, bottom = int(np.ceil(track.box[2] / sx)), int(np.ceil(track.box[3] / sy))
    inside = segmentation.classes[top:bottom, left:right]
    mine = np.isin(inside, [CLASSES.index(name) for name in KINDS[track.label]])
    if mine.size == 0 or mine.mean() < LEAST[track.label]:
        return None
    if track.label == "person":  # thin, and often hidden in parts: the tracker's box is better
        return track
    columns, rows = mine.sum(0), mine.sum(1)
    xs = np.flatnonzero(columns >= DENSE * columns.max())
    ys = np.flatnonzero(rows >= DENSE * rows.max())
    box = (
        float(left + xs[0]) * sx, float(top + ys[0]) * sy,
        float(left + xs[-1] + 1) * sx, float(top + ys[-1] + 1) * sy,
    )  # fmt: skip
    return replace(track, box=box)
