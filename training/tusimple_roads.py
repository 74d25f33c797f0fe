"""TuSimple as SCNN's ports learn it: its lanes drawn in four classes (harryhan618, Tusimple.py).

Lanes are sorted by the angle from their first to their last point; the last that leans rightwards
or stands is the left line of the car's own lane.  One with fewer than four points, of which the
official files hold some, is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.training.labelled import Label
from road_clarity.training.labelled_road import LANES, LabelledRoad
from road_clarity.training.picture import read_rgb
from road_clarity.training.tusimple import FEWEST_POINTS, LabelledFrame, Points, read_labels

THICKNESS = 15  # of a drawn lane [px of the frame]


@dataclass(frozen=True)
class TusimpleRoads:
    root: Path
    frames: tuple[LabelledFrame, ...]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> LabelledRoad:
        """Raises BadInput."""
        frame = self.frames[index]
        image = read_rgb(self.root / frame.raw_file)
        if max(frame.h_samples, default=0) >= len(image):
            rows = f"has {len(image)} rows; its lanes reach row {max(frame.h_samples):.0f}"
            raise BadInput("image", self.root / frame.raw_file, rows)
        lanes = own_and_neighbours(frame)
        existence = np.array([place in lanes for place in range(1, LANES + 1)], np.float32)
        return LabelledRoad(image, drawn(lanes, image.shape[:2]), existence)


def read_tusimple(root: Path, lists: tuple[str, ...]) -> TusimpleRoads:
    """The frames in `lists`, such as label_data_0313.json below root.  Raises BadInput."""
    frames = [frame for name in lists for frame in read_labels(root / name)]
    for frame in frames:
        if not (root / frame.raw_file).is_file():
            raise BadInput("image", root / frame.raw_file, "is not there; a label file names it")
    return TusimpleRoads(root, tuple(frames))


def own_and_neighbours(frame: LabelledFrame) -> dict[int, Points]:
    """Class 1..4 -> points of the lane from top to bottom."""
    lanes = sorted((lane for lane in frame.points() if len(lane) > 1), key=slope)
    own_left = sum(slope(lane) <= 90.0 for lane in lanes)
    numbered = {place - own_left + 3: lane for place, lane in enumerate(lanes)}
    return {
        place: lane
        for place, lane in numbered.items()
        if 1 <= place <= LANES and len(lane) >= FEWEST_POINTS
    }


def slope(lane: Points) -> float:
    """Angle of the way up the lane against the x axis [deg], in (0, 180)."""
    along, up = lane[0, 0] - lane[-1, 0], lane[-1, 1] - lane[0, 1]
    return float(np.degrees(np.arctan2(up, along)))


def drawn(lanes: dict[int, Points], size: tuple[int, ...]) -> Label:
    """(H, W) classes.  size: (H, W)"""
    classes = np.zeros(size, np.uint8)
    for place, lane in sorted(lanes.items()):
        cv2.polylines(classes, [np.rint(lane).astype(np.int32)], False, place, THICKNESS)
    return classes
