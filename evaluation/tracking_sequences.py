"""Sequences of OTB, TLD, GOT-10k and LaSOT: one folder each, with the target's box per frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Boxes = NDArray[np.float64]  # (T, 4) x0, y0, x1, y1 [px]; nan where the target is absent


@dataclass(frozen=True, eq=False)
class Sequence:
    name: str
    boxes: Boxes
    images: Callable[[], Iterator[Image]]


@dataclass(frozen=True)
class Layout:
    """Where a data set keeps things."""

    boxes: str  # file
    images: str  # pattern, of pictures or of one video
    corners: bool  # whether a line is two corners instead of corner and size
    absent: tuple[str, ...] = ()  # files with 1 for frames in which the target is not visible


LAYOUTS = {
    "otb": Layout("groundtruth_rect.txt", "img/*.jpg", corners=False),
    "tld": Layout("gt.txt", "*.mpg", corners=True),
    "got10k": Layout("groundtruth.txt", "*.jpg", False, ("absence.label",)),
    "lasot": Layout(
        "groundtruth.txt", "img/*.jpg", False, ("full_occlusion.txt", "out_of_view.txt")
    ),
}


def read_sequences(data: Path, name: str) -> list[Sequence]:
    """All sequences below `data`, or the one that `data` itself is.  Raises BadInput."""
    layout = LAYOUTS[name]
    folders = sorted(path.parent for path in [*data.glob(f"*/{layout.boxes}"), data / layout.boxes])
    found = [read_sequence(one, layout) for one in folders if (one / layout.boxes).is_file()]
    if not found:
        raise BadInput("--data", data, f"no folder with {layout.boxes} there, as {name} has")
    return found


def read_sequence(folder: Path, layout: Layout) -> Sequence:
    boxes = read_boxes(folder / layout.boxes, layout.corners)
    for flags in (folder / one for one in layout.absent):
        if flags.is_file():
            given = np.array(re.findall(r"\d+", flags.read_text()), int)
            boxes[: len(given)][given[: len(boxes)] == 1] = np.nan
    paths = sorted(folder.glob(layout.images))
    if not paths:
        raise BadInput("--data", folder, f"no {layout.images} in it")
    if not np.isfinite(boxes).all(axis=1).any():
        raise BadInput("--data", folder / layout.boxes, "the target is in no frame")
    return Sequence(folder.name, boxes, lambda: pictures(paths))


def read_boxes(path: Path, corners: bool) -> Boxes:
    """One box per line, numbers parted by commas, tabs or blanks.  Raises BadInput."""
    lines = [re.split(r"[,\s]+", line.strip()) for line in path.read_text().split("\n")]
    try:
        boxes = np.array([[float(number) for number in line] for line in lines if line != [""]])
    except ValueError as error:
        raise BadInput(
            "ground truth", path, f"every line must be four numbers ({error})"
        ) from error
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise BadInput("ground truth", path, "every line must be four numbers")
    if not corners:
        boxes[:, 2:] += boxes[:, :2]
    return boxes


def pictures(paths: list[Path]) -> Iterator[Image]:
    """The frames, from pictures or from a video."""
    if len(paths) == 1 and paths[0].suffix != ".jpg":
        capture = cv2.VideoCapture(str(paths[0]))
        while (read := capture.read())[0]:
            yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8)
        return
    for path in paths:
        bgr = cv2.imread(str(path))
        if bgr is None:
            raise BadInput("image", path, "cannot be read")
        yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
