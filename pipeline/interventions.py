"""What may be otherwise in a what-if question: the picture, or what the watch is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.boxes import overlap
from road_clarity.safety.scene import Box, Lanes, Scene, Track, Tracks, World

RING = 0.25  # width of the ring around a masked part, against its shorter side
LEAST_RING_PX = 4
INPAINT_RADIUS_PX = 3.0
SAME_OBJECT = 0.5  # overlap (IoU) from which two boxes of one frame are the same object
PARTS = ("lanes", "tracks", "world")


@dataclass(frozen=True)
class Mask:
    """The box takes the mean colour of the ring around it."""

    box: Box


@dataclass(frozen=True)
class Inpaint:
    """The box is painted over from its border (Telea 2004)."""

    box: Box


@dataclass(frozen=True)
class DropTrack:
    """The object that is at this box in the frame asked about."""

    id: int
    label: str
    box: Box


@dataclass(frozen=True)
class DropLane:
    id: int


@dataclass(frozen=True)
class Empty:
    """The part says that there is nothing: no lines, no objects, a frame like the calmest."""

    part: str


@dataclass(frozen=True)
class Missing:
    """The part says nothing."""

    part: str


Intervention = Mask | Inpaint | DropTrack | DropLane | Empty | Missing


def repainted(image: NDArray[np.uint8], interventions: Sequence[Intervention]) -> NDArray[np.uint8]:
    """(H, W, 3) with the masks and inpaintings, in their order; the image itself stays as it is."""
    for one in interventions:
        if isinstance(one, Mask):
            image = masked(image, one.box)
        elif isinstance(one, Inpaint):
            image = inpainted(image, one.box)
    return image


def masked(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """A box that fills the image has no ring; it takes its own mean colour."""
    x0, y0, x1, y1 = whole(box, image)
    width = max(LEAST_RING_PX, round(RING * min(x1 - x0, y1 - y0)))
    around = np.zeros(image.shape[:2], bool)
    around[max(y0 - width, 0) : y1 + width, max(x0 - width, 0) : x1 + width] = True
    around[y0:y1, x0:x1] = False
    ring = image[around] if around.any() else image.reshape(-1, 3)
    changed = image.copy()
    changed[y0:y1, x0:x1] = ring.mean(0).round().astype(np.uint8)
    return changed


def inpainted(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Only the surroundings of the box are looked at."""
    x0, y0, x1, y1 = whole(box, image)
    margin = 4 * LEAST_RING_PX
    top, left = max(y0 - margin, 0), max(x0 - margin, 0)
    part = np.ascontiguousarray(image[top : y1 + margin, left : x1 + margin])
    hole = np.zeros(part.shape[:2], np.uint8)
    hole[y0 - top : y1 - top, x0 - left : x1 - left] = 1
    if hole.all():
        return masked(image, box)
    changed = image.copy()
    changed[top : y1 + margin, left : x1 + margin] = cv2.inpaint(
        part, hole, INPAINT_RADIUS_PX, cv2.INPAINT_TELEA
    )
    return changed


def whole(box: Box, image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """All pixels that the box touches, at least one, inside the image."""
    x0, y0 = int(np.floor(box[0])), int(np.floor(box[1]))
    x1, y1 = int(np.ceil(box[2])), int(np.ceil(box[3]))
    x0, y0 = min(max(x0, 0), image.shape[1] - 1), min(max(y0, 0), image.shape[0] - 1)
    return x0, y0, max(min(x1, image.shape[1]), x0 + 1), max(min(y1, image.shape[0]), y0 + 1)


def retold(
    scene: Scene, interventions: Sequence[Intervention], gone: Sequence[Track] = ()
) -> Scene:
    """The scene as the watch is told.  gone: tracks of this very frame that are not there."""
    for one in interventions:
        if isinstance(one, DropLane) and scene.lanes is not None:
            kept = tuple(lane for lane in scene.lanes.lanes if lane.id != one.id)
            scene = replace(scene, lanes=Lanes(scene.lanes.stamp_ns, kept))
        elif isinstance(one, Empty):
            scene = with_part(scene, one.part, nothing(scene, one.part))
        elif isinstance(one, Missing):
            scene = with_part(scene, one.part, None)
    if gone and scene.tracks is not None:
        there = scene.tracks.tracks
        rest = tuple(track for track in there if not any(same(track, one) for one in gone))
        scene = replace(scene, tracks=Tracks(scene.tracks.stamp_ns, rest))
    return scene


def with_part(scene: Scene, part: str, value: Any) -> Scene:
    """With that part, and without what was at fault with the one that was there."""
    faults = tuple(fault for fault in scene.faults if not fault.code.startswith(f"{part}."))
    changed: dict[str, Any] = {part: value, "faults": faults}
    return replace(scene, **changed)


def nothing(scene: Scene, part: str) -> Lanes | Tracks | World:
    """What the part says when there is nothing."""
    if part == "lanes":
        return Lanes(scene.stamp_ns, ())
    if part == "tracks":
        return Tracks(scene.stamp_ns, ())
    return calm_world(scene)


def calm_world(scene: Scene) -> World:
    """Every calm frame is at least as strange."""
    if scene.world is not None:
        blank = np.zeros_like(scene.world.error_map)
        return replace(
            scene.world, error=0.0, error_p=1.0, error_map=blank,
            surprise=0.0, surprise_p=1.0, p_value=1.0,
        )  # fmt: skip
    dark = np.zeros((8, 8, 3), np.uint8)
    blank = np.zeros((8, 8), np.float32)
    return World(scene.stamp_ns, 0.0, 1.0, blank, 0.0, 1.0, 0.0, 1.0, "", dark, None)


def same(one: Track, other: Track) -> bool:
    return one.label == other.label and overlap(one.box, other.box) >= SAME_OBJECT
