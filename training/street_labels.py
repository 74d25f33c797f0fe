"""Labels for street frames that nobody labelled, from two published networks (distillation).

ESPNetv2, trained on Cityscapes, says what every pixel is.  Where it says person or vehicle and
FastestDet, trained on COCO, sees none, the pixel is void, or, when the patch is so large that the
detector would not have missed it, gets the next best class.  Nothing above the horizon is road.

h, w: size of a label.  Only the first part of a clip is used; the rest is kept for looking.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.models.ffnet import normalise
from road_clarity.safety.cityscapes import CAMVID_INDEX
from road_clarity.safety.scene import CLASSES
from road_clarity.training.labelled import VOID, Labelled
from road_clarity.training.picture import Image, read_film, read_rgb
from road_clarity.training.teachers import espnetv2
from road_clarity.training.teachers.espnetv2 import EspNetV2
from road_clarity.training.teachers.fastestdet import Boxes, FastestDet

Probabilities = NDArray[np.float32]  # (classes, h, w)

TEACHER_SIZE = (1024, 512)  # width, height [px]
STORED_SIZE = (640, 320)  # of a labelled frame: a little above the student's input
USED_SHARE = 0.8  # of every clip, from its start
SURE = 0.4  # probability below which a pixel is void
LARGE = 0.015  # share of the image above which a detector does not miss an object
DETECTED = 0.4  # FastestDet's score from which a box counts
WIDEST = 0.35  # share of the image width; wider boxes are mostly railings
MARGIN = 0.15  # a box reaches so far beyond itself, share of its size

PEOPLE = tuple(CLASSES.index(name) for name in ("Pedestrian", "Bicyclist"))
VEHICLES = (CLASSES.index("Car"),)
GROUND = [CLASSES.index(name) for name in ("Road", "Pavement")]


@dataclass(frozen=True)
class Source:
    """Clips or pictures of one camera."""

    pattern: str  # below the data folder
    step: int  # every how many frames of a clip are taken; 0: pictures
    horizon: float  # there is no road above it [share of the image height]


SOURCES = (
    Source("video/udacity/solidWhiteRight.mp4", 6, 0.57),
    Source("video/udacity/test_video.mp4", 3, 0.54),
    Source("video/udacity/test_small2.mp4", 4, 0.54),
    Source("video/yolop/input1.gif", 3, 0.5),
    Source("pets09_s2l1/dev_clip/pets09_s2l1_f0000_0529.avi", 10, 0.0),
    Source("tusimple170/clips/*/*/20.jpg", 0, 0.3),
    Source("stills/*/*.*g", 0, 0.0),
    Source("stills/udacity/*/*.*g", 0, 0.55),
)
LICENCES = {
    "ESPNetv2 s=2.0 as teacher": "MIT; trained on Cityscapes, non-commercial research",
    "FastestDet as teacher": "BSD-3; trained on COCO",
    "Udacity CarND clips and stills": "MIT",
    "YOLOP and TwinLiteNet demo pictures": "MIT",
    "adverse_avp stills": "Apache-2.0",
    "TuSimple frames": "TuSimple benchmark, research",
    "PETS 2009 S2.L1 frames 0..423": "OpenCV sample video Apache-2.0; PETS 2009 research",
}


def label_street(data: Path) -> Iterator[Labelled]:
    """All frames that are used, labelled."""
    teacher = espnetv2.load_teacher(data / "weights" / "espnetv2_s_2.0_city_1024x512.pth")
    teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    detector = FastestDet(data / "weights" / "FastestDet.onnx", DETECTED)
    for source in SOURCES:
        for image in frames(data, source):
            probabilities = look(teacher, image)
            to_label = np.tile(np.divide(probabilities.shape[:0:-1], image.shape[1::-1]), 2)
            people, vehicles = detector.look_closely(image)
            doubt(probabilities, PEOPLE, people * to_label)
            doubt(probabilities, VEHICLES, vehicles * to_label)
            probabilities[GROUND, : round(source.horizon * probabilities.shape[1])] = 0
            small = cv2.resize(image, STORED_SIZE, interpolation=cv2.INTER_AREA)
            yield Labelled(np.asarray(small, np.uint8), decide(probabilities))


def frames(data: Path, source: Source) -> Iterator[Image]:
    for path in sorted(data.glob(source.pattern)):
        if source.step == 0:
            yield read_rgb(path)
        else:
            clip = list(read_film(path))
            yield from clip[: round(len(clip) * USED_SHARE) : source.step]


@torch.inference_mode()
def look(teacher: EspNetV2, image: Image) -> Probabilities:
    """The teacher's mean over the image and its mirror image, as CamVid classes."""
    resized = cv2.resize(image, TEACHER_SIZE, interpolation=cv2.INTER_LINEAR)
    x = normalise(torch.from_numpy(resized)[None])
    with torch.autocast(x.device.type, torch.bfloat16):  # half the time; 0.3 % of pixels differ
        said = teacher(torch.cat([x, x.flip(3)]).contiguous(memory_format=torch.channels_last))
    straight, mirrored = said.float().softmax(dim=1)
    cityscapes = (straight + mirrored.flip(2)) / 2  # (20, h, w), the last one background
    camvid = cityscapes.new_zeros(len(CLASSES), *cityscapes.shape[1:])
    for train_id, index in enumerate(CAMVID_INDEX):
        camvid[index] += cityscapes[train_id]
    return np.asarray(camvid.numpy())


def doubt(probabilities: Probabilities, classes: tuple[int, ...], boxes: Boxes) -> None:
    """Take `classes` away, in place, where no box is; from a small patch only the certainty."""
    said = np.isin(probabilities.argmax(axis=0), classes) & ~covered(boxes, probabilities.shape[1:])
    count, patches, stats, _ = cv2.connectedComponentsWithStats(said.astype(np.uint8))
    for index in range(1, count):
        large = stats[index, cv2.CC_STAT_AREA] > LARGE * said.size
        inside = patches == index
        for one in classes:
            probabilities[one][inside] = 0 if large else SURE / 2


def covered(boxes: Boxes, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(h, w) where a box or its margin lies."""
    out = np.zeros(shape, bool)
    narrow = boxes[:, 2] - boxes[:, 0] <= WIDEST * shape[1]
    for x0, y0, x1, y1 in boxes[narrow]:
        dx, dy = MARGIN * (x1 - x0) + 1, MARGIN * (y1 - y0) + 1
        rows = slice(max(int(y0 - dy), 0), max(int(y1 + dy), 0))
        out[rows, max(int(x0 - dx), 0) : max(int(x1 + dx), 0)] = True
    return out


def decide(probabilities: Probabilities) -> NDArray[np.uint8]:
    """The likeliest class, or VOID where none is likely."""
    label: NDArray[np.uint8] = probabilities.argmax(axis=0).astype(np.uint8)
    label[probabilities.max(axis=0) < SURE] = VOID
    return label
