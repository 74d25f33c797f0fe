"""Who is where in clips that nobody labelled: FastestDet's boxes, linked from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from road_clarity.safety.scene import Box
from road_clarity.training.picture import Image, read_film, read_rgb
from road_clarity.training.teachers.fastestdet import Boxes, FastestDet
from road_clarity.training.tracking_pairs import Sighting
from road_clarity.training.tracking_sources import CLIPS, PICTURES, Tracklet

THRESHOLD = 0.45  # of the detector
SAME = 0.4  # overlap (IoU) from which two boxes are the same object
SMALLEST_PX = 14
WIDEST = 0.4  # share of the image width; wider boxes are mostly railings


def street_tracklets(root: Path) -> list[Tracklet]:
    """Objects of the street clips and, seen once each, of single pictures."""
    detector = FastestDet(root / "weights" / "FastestDet.onnx", THRESHOLD)
    found = []
    for clip in CLIPS:
        found += link(list(read_film(root / clip))[::2], detector)
    for path in sorted(root.glob(PICTURES)):
        found += link([read_rgb(path)], detector)
    return found


def link(frames: Sequence[Image], detector: FastestDet) -> list[Tracklet]:
    """One tracklet per object; it ends where no box overlaps its last one."""
    done: list[list[Sighting]] = []
    alive: list[list[Sighting]] = []
    for index, image in enumerate(frames):
        boxes = [tuple(one) for one in distinct(detector, image).tolist()]
        kept = []
        for one in alive:
            best = max(boxes, key=lambda box: overlap(one[-1].box, box), default=None)
            if best is not None and overlap(one[-1].box, best) >= SAME:
                boxes.remove(best)
                kept.append([*one, Sighting(image, best, index)])
            else:
                done.append(one)
        alive = kept + [[Sighting(image, box, index)] for box in boxes]
    return [tuple(one) for one in done + alive]


def distinct(detector: FastestDet, image: Image) -> Boxes:
    """(N, 4) people and vehicles of plausible size, every object once."""
    found = []
    for boxes in detector.look_closely(image):
        sides = boxes[:, 2:] - boxes[:, :2]
        fits = (sides.min(axis=1, initial=1e9) >= SMALLEST_PX) & (
            sides[:, 0] <= WIDEST * image.shape[1]
        )
        corner_and_size = np.concatenate([boxes[:, :2], sides], axis=1)[fits]
        kept = cv2.dnn.NMSBoxes(corner_and_size.tolist(), sides[fits].prod(axis=1).tolist(), 0, 0.3)
        found.append(boxes[fits][np.asarray(kept, int)])
    return np.concatenate(found)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (both - w * h)
