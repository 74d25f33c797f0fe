"""Who is seen but not followed: blobs of the segmentation that no track explains.

A tracker needs frames to be sure of a target and follows a few only.  Whoever steps onto the road
must count at once, so blobs are followed here from frame to frame by their overlap alone, under
negative numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.boxes import overlap, shared
from road_clarity.safety.scene import CLASSES, Box, Segmentation, Track, Tracks

KINDS = {"person": ("Pedestrian", "Bicyclist"), "vehicle": ("Car",)}
LEAST_HEIGHT = 0.045  # of a blob [image heights]
SHAPES = {"person": (0.12, 0.9), "vehicle": (0.75, 1.45)}  # width / height; others are groups
FILLS = {"person": 0.4, "vehicle": 0.6}  # least share of its box that a blob covers
EXPLAINED = 0.3  # share of a blob inside the box of a track of its kind, from which it is that one
SAME = 0.15  # overlap (IoU) with a widened blob of the last frame, from which it is the same
WIDEN = 0.3  # [sides of the box]
LONGEST_GAP_NS = 300_000_000  # without being seen, after which a blob is somebody new


class Untracked:
    """Follows what no track explains; a time jump forgets it."""

    def __init__(self) -> None:
        self._last: list[tuple[int, Track]] = []  # stamp when it was seen
        # A camera may be faster than the segmentation: then several frames share one.
        self._blobs: tuple[Segmentation | None, list[tuple[str, Box]]] = None, []
        self._next_id = -1

    def see(self, segmentation: Segmentation, tracks: Tracks) -> Tracks:
        """The blobs of this frame that no track explains, as tracks; `age` counts their frames."""
        stamp_ns = segmentation.stamp_ns
        before = [
            (seen_ns, one) for seen_ns, one in self._last
            if 0 <= stamp_ns - seen_ns <= LONGEST_GAP_NS
        ]  # fmt: skip
        found = []
        if self._blobs[0] is not segmentation:
            self._blobs = segmentation, list(blobs(segmentation))
        for label, box in self._blobs[1]:
            if any(explains(track, label, box) for track in tracks.tracks):
                continue
            found.append(self._followed(label, box, before))
        self._last = [*((stamp_ns, one) for one in found), *before]
        return Tracks(stamp_ns, tuple(found))

    def _followed(self, label: str, box: Box, before: list[tuple[int, Track]]) -> Track:
        """The same as the blob that overlaps it most, which is taken out of `before`; or new."""
        likeness = [
            overlap(widened(one.box), widened(box)) if one.label == label else 0.0
            for _, one in before
        ]
        if likeness and max(likeness) > SAME:
            _, same = before.pop(int(np.argmax(likeness)))
            return Track(same.id, label, box, 1.0, same.age + 1)
        self._next_id -= 1
        return Track(self._next_id, label, box, 1.0, 1)


def blobs(segmentation: Segmentation) -> Iterator[tuple[str, Box]]:
    """(label, box in pixels of the source) of what has the shape of one person or vehicle."""
    height, width = segmentation.classes.shape
    sx, sy = segmentation.size[0] / width, segmentation.size[1] / height
    for label, names in KINDS.items():
        mask = np.isin(segmentation.classes, [CLASSES.index(name) for name in names])
        opened = without_threads(mask.astype(np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(opened), connectivity=4)
        for x, y, w, h, area in stats[1:].tolist():
            low, high = SHAPES[label]
            shaped = low <= (w * sx) / (h * sy) <= high and area >= FILLS[label] * w * h
            if shaped and h >= LEAST_HEIGHT * height:
                yield label, (x * sx, y * sy, (x + w) * sx, (y + h) * sy)


def without_threads(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An opening by 2 x 2 cells; the anchors take care that nothing is moved."""
    square = np.ones((2, 2), np.uint8)
    eroded = cv2.erode(mask, square, anchor=(1, 1))
    return np.asarray(cv2.dilate(eroded, square, anchor=(0, 0)), np.uint8)


def explains(track: Track, label: str, box: Box) -> bool:
    """Whether a blob is what a track follows."""
    return track.label == label and shared(track.box, box) >= EXPLAINED * area_of(box)


def widened(box: Box) -> Box:
    dx, dy = WIDEN * (box[2] - box[0]), WIDEN * (box[3] - box[1])
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy


def area_of(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
