"""Tiny tracking data sets in their published layouts: a red object moves over a grey picture."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 160, 120
RED = (200, 30, 30)


def box_at(frame: int) -> tuple[int, int, int, int]:
    """x, y, width, height"""
    return 20 + 3 * frame, 30 + 2 * frame, 30, 24


def picture(frame: int) -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    x, y, w, h = box_at(frame)
    image[y : y + h, x : x + w] = RED
    return image


def write_pictures(folder: Path, name: str, frames: int, first: int = 1) -> None:
    for frame in range(frames):
        path = folder / name.format(frame + first)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cv2.cvtColor(picture(frame), cv2.COLOR_RGB2BGR))


def lines(frames: int, between: str = ",") -> str:
    return "\n".join(between.join(map(str, box_at(frame))) for frame in range(frames)) + "\n"


def write_got10k(root: Path, sequences: int = 3, frames: int = 4) -> Path:
    """The target is absent in frame 1."""
    names = [f"GOT-10k_Train_{number:06d}" for number in range(1, sequences + 1)]
    for name in names:
        folder = root / "train" / name
        write_pictures(folder, "{:08d}.jpg", frames)
        (folder / "groundtruth.txt").write_text(lines(frames))
        (folder / "absence.label").write_text("0\n1\n" + "0\n" * (frames - 2))
    (root / "train" / "list.txt").write_text("\n".join(names) + "\n")
    return root


def write_lasot(root: Path, frames: int = 4) -> Path:
    """The target is hidden in frame 2 and out of view in frame 3."""
    for name in ("car-1", "car-2"):
        folder = root / "car" / name
        write_pictures(folder, "img/{:08d}.jpg", frames)
        (folder / "groundtruth.txt").write_text(lines(frames))
        (folder / "full_occlusion.txt").write_text("0,0,1,0")
        (folder / "out_of_view.txt").write_text("0,0,0,1")
    (root / "training_set.txt").write_text("car-1\ncar-2\n")
    return root


def write_trackingnet(root: Path, frames: int = 3) -> Path:
    for name in ("abc_0", "abc_1"):
        write_pictures(root / "TRAIN_0" / "frames" / name, "{}.jpg", frames, first=0)
        (root / "TRAIN_0" / "anno").mkdir(exist_ok=True)
        (root / "TRAIN_0" / "anno" / f"{name}.txt").write_text(lines(frames))
    return root


def write_otb(root: Path, name: str = "Crossing", frames: int = 3, boxes: int = 3) -> Path:
    write_pictures(root / name, "img/{:04d}.jpg", frames)
    (root / name / "groundtruth_rect.txt").write_text(lines(boxes, "\t"))
    return root


def write_tld(root: Path, frames: int = 3) -> Path:
    """The target is absent in frame 1."""
    folder = root / "01_david"
    write_pictures(folder, "{:05d}.jpg", frames)
    corners = [
        "NaN,NaN,NaN,NaN" if frame == 1 else f"{x},{y},{x + w},{y + h}"
        for frame in range(frames)
        for x, y, w, h in [box_at(frame)]
    ]
    (folder / "gt.txt").write_text("\n".join(corners) + "\n")
    return root


def write_coco(root: Path) -> Path:
    """Two pictures; the second holds a crowd only."""
    write_pictures(root / "train2017", "{:012d}.jpg", 2)
    images = [{"id": one, "file_name": f"{one:012d}.jpg"} for one in (1, 2)]
    annotations = [
        {"image_id": 1, "bbox": box_at(0), "iscrowd": 0},
        {"image_id": 2, "bbox": box_at(1), "iscrowd": 1},
    ]
    (root / "annotations").mkdir()
    content = json.dumps({"images": images, "annotations": annotations})
    (root / "annotations" / "instances_train2017.json").write_text(content)
    return root
