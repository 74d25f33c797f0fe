"""Where lane samples come from: TuSimple's labels, clips without lanes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.training.lane_data import SAMPLE_SIZE, LaneSample, Points
from road_clarity.training.tusimple import LabelledFrame, four_lanes, read_image, read_labels, split

TUSIMPLE = Path("tusimple170")
# No lane line shows in these (a campus path, a face, a playground): existence must learn to be
# honest.
WITHOUT_LANES = (
    Path("pets09_s2l1/dev_clip/pets09_s2l1_f0000_0529.avi"),
    Path("tracking/tld/01_david/david.mpg"),
    Path("tracking/tld/02_jumping/jumping.mpg"),
    Path("tracking/tld/03_pedestrian1/pedestrian1.mpg"),
)


def tusimple_frames(root: Path) -> tuple[list[LabelledFrame], list[LabelledFrame]]:
    """Training and validation frames of TuSimple below the data root."""
    return split(read_labels(root / TUSIMPLE / "labels_dev.json"))


def tusimple_sample(root: Path, frame: LabelledFrame) -> LaneSample:
    image, size = read_sized(root / TUSIMPLE / frame.raw_file)
    scale = np.divide(SAMPLE_SIZE, size, dtype=np.float32)
    return LaneSample(image, {n: to_sample(p, scale) for n, p in four_lanes(frame).items()})


def read_sized(path: Path) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """RGB image at SAMPLE_SIZE, and the size it had: (width, height)."""
    image = read_image(path)
    height, width = image.shape[:2]
    return cv2.resize(image, SAMPLE_SIZE, interpolation=cv2.INTER_AREA), (width, height)


def to_sample(points: Points, scale: NDArray[np.float32]) -> Points:
    """Points of the source -> at SAMPLE_SIZE; pixel centres lie on whole numbers."""
    return ((points + 0.5) * scale - 0.5).astype(np.float32)


def laneless_samples(root: Path, per_clip: int = 6) -> list[LaneSample]:
    """A few frames of each clip without lanes."""
    clips = [spread_frames(root / clip, per_clip) for clip in WITHOUT_LANES]
    return [LaneSample(image, {}) for frames in clips for image in frames]


def spread_frames(video: Path, count: int) -> list[NDArray[np.uint8]]:
    """`count` frames spread evenly over a video, RGB at SAMPLE_SIZE."""
    frames = clip_frames(video)
    return [frames[i] for i in np.linspace(0, len(frames) - 1, count).astype(int)]


def clip_frames(video: Path) -> list[NDArray[np.uint8]]:
    """Every frame of a video, RGB at SAMPLE_SIZE."""
    capture, frames = cv2.VideoCapture(str(video)), []
    while (read := capture.read())[0]:
        small = cv2.resize(read[1], SAMPLE_SIZE, interpolation=cv2.INTER_AREA)
        frames.append(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
    return frames
