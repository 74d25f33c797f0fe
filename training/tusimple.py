"""TuSimple frames with their lanes in SCNN's four classes (Pan et al. 2018, section 4).

The split is by place, not by chance: frames of the drive `0313-1` are numbered along it, and
neighbours look alike, so every fifth stretch of 2000 numbers is held out for validation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput

Points = NDArray[np.float32]  # (N, 2) x, y [px]

STRETCH = 2000  # clip numbers
PERIOD, HELD_OUT = 5, 2  # stretch % PERIOD == HELD_OUT validates
FEWEST_POINTS = 4  # a lane with less is not there (published rule)


@dataclass(frozen=True)
class LabelledFrame:
    """One line of an official label file."""

    raw_file: str  # such as clips/0313-1/6040/20.jpg
    lanes: tuple[tuple[float, ...], ...]  # column per row, negative where the lane is not
    h_samples: tuple[float, ...]  # rows [px]

    @property
    def clip(self) -> int:
        """Where along the drive the frame was taken: the clip folder's number."""
        return int(Path(self.raw_file).parent.name)

    def points(self) -> list[Points]:
        """Every lane's points, from top to bottom."""
        y = np.asarray(self.h_samples, dtype=np.float32)
        columns = [np.asarray(lane, dtype=np.float32) for lane in self.lanes]
        return [np.stack([x[x >= 0], y[x >= 0]], axis=1) for x in columns]


def read_labels(path: Path) -> list[LabelledFrame]:
    """All frames of an official label file (JSON lines).  Raises BadInput."""
    if not path.is_file():
        raise BadInput("TuSimple label file", path, "is not there; get it from the benchmark")
    lines = path.read_text(errors="replace").splitlines()
    frames = [parse(line, f"{path}:{n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not frames:
        raise BadInput("TuSimple label file", path, "is empty")
    return frames


def parse(line: str, where: str) -> LabelledFrame:
    """One line of a label file.  Raises BadInput."""
    try:
        one = json.loads(line)
        lanes = tuple(tuple(map(float, lane)) for lane in one["lanes"])
        frame = LabelledFrame(str(one["raw_file"]), lanes, tuple(map(float, one["h_samples"])))
    except (ValueError, TypeError, KeyError) as error:
        remedy = 'must be a JSON object with "raw_file", "lanes" and "h_samples"'
        raise BadInput("line", where, remedy) from error
    if any(len(lane) != len(frame.h_samples) for lane in lanes):
        rows = len(frame.h_samples)
        raise BadInput("line", where, f"every lane must have {rows} columns, one per h_sample")
    return frame


def write_labels(path: Path, frames: list[LabelledFrame]) -> None:
    """The frames as an official label file."""
    lines = [
        {"lanes": frame.lanes, "h_samples": frame.h_samples, "raw_file": frame.raw_file}
        for frame in frames
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def split(frames: list[LabelledFrame]) -> tuple[list[LabelledFrame], list[LabelledFrame]]:
    """Training and validation frames, apart by place."""
    held_out = [frame for frame in frames if frame.clip // STRETCH % PERIOD == HELD_OUT]
    return [frame for frame in frames if frame not in held_out], held_out


def four_lanes(frame: LabelledFrame) -> dict[int, Points]:
    """Class 1..4 -> points of the lane from top to bottom; 2 and 3 bound the car's own lane.

    Lanes are ordered by their angle in the image; the last that leans rightwards (or stands) is the
    left line of the car's own lane.  The angle is that of the lower half, since the far end of a
    curve may lean either way.
    """
    lanes = sorted((one for one in frame.points() if len(one) >= FEWEST_POINTS), key=_angle)
    own_left = sum(_angle(lane) <= 90.0 for lane in lanes)  # how many lean rightwards
    numbered = {place - own_left + 3: lane for place, lane in enumerate(lanes)}
    return {place: lane for place, lane in numbered.items() if 1 <= place <= 4}


def _angle(lane: Points) -> float:
    """Angle of the lane's lower half against the x axis, upwards positive [deg], in (0, 180)."""
    low = lane[len(lane) // 2 :]
    (along, down), *_ = np.linalg.svd(low - low.mean(axis=0), full_matrices=False)[2]
    return float(np.degrees(np.arctan2(abs(down), -along * np.sign(down))))


def read_image(path: Path) -> NDArray[np.uint8]:
    """RGB image (H, W, 3)."""
    rgb: NDArray[np.uint8] = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return rgb
