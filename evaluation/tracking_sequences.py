"""Sequences of OTB, TLD, GOT-10k and LaSOT: one folder each, with the target's box per frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.tracking_scores import visible
from road_clarity.models.box_text import Boxes, parse_boxes, parse_flags, parse_levels
from road_clarity.models.errors import BadInput

Image = NDArray[np.uint8]  # (H, W, 3) RGB


@dataclass(frozen=True, eq=False)
class Sequence:
    name: str
    folder: Path
    boxes: Boxes  # (T, 4) the true ones; nan where the target is absent
    pictures: tuple[Path, ...]  # one per frame, or one video
    frame_size: tuple[int, int] | None = None  # W, H [px] where the data set states it

    def require_pictures(self) -> None:
        """Raises BadInput when there are none, or another number than there are boxes."""
        count = len(self.pictures)
        if not count:
            raise BadInput("--data", self.folder, "there are no pictures in it")
        if not self.is_video and count != len(self.boxes):
            raise BadInput(
                "--data", self.folder, f"has {count} pictures for {len(self.boxes)} boxes"
            )

    @property
    def is_video(self) -> bool:
        return len(self.pictures) == 1 and self.pictures[0].suffix in VIDEOS

    def images(self) -> Iterator[Image]:
        """One per box.  Raises BadInput when one cannot be read."""
        return video(self.pictures[0], len(self.boxes)) if self.is_video else stills(self.pictures)


@dataclass(frozen=True)
class Layout:
    """Where a data set keeps things."""

    boxes: str  # files; several in one folder are several targets
    pictures: tuple[str, ...]  # patterns; the first that finds something
    corners: bool = False  # whether a line is two corners instead of corner and size
    absent: tuple[str, ...] = ()  # files with 1 for frames in which the target is not visible
    cover: str | None = None  # file with how much of the target is visible, 0: nothing


VIDEOS = (".mpg", ".avi", ".mp4")
COVERED = 8  # GOT-10k's number for a target of which everything is visible
STILLS = ("*.jpg", "*.png")
IN_IMG = ("img/*.jpg", "img/*.png")

LAYOUTS = {
    "otb": Layout("groundtruth_rect*.txt", IN_IMG),
    "tld": Layout("gt.txt", tuple(f"*{end}" for end in VIDEOS) + STILLS, corners=True),
    "got10k": Layout("groundtruth.txt", STILLS, absent=("absence.label",), cover="cover.label"),
    "lasot": Layout("groundtruth.txt", IN_IMG, absent=("full_occlusion.txt", "out_of_view.txt")),
}

# first and last picture (from 1) of the OTB sequences whose boxes do not begin or end with them
OTB_SPANS = {
    "david": (300, 770), "football1": (1, 74), "freeman3": (1, 460), "freeman4": (1, 283),
    "diving": (1, 215), "tiger1": (6, 354),
}  # fmt: skip


def read_sequences(data: Path, name: str) -> list[Sequence]:
    """All sequences up to two folders below `data`, or those of `data` itself.  Raises BadInput."""
    layout = LAYOUTS[name]
    files = [
        path for below in ("", "*/", "*/*/") for path in sorted(data.glob(below + layout.boxes))
    ]
    files = [path for path in files if path.is_file()]
    if not files:
        raise BadInput("--data", data, f"no folder with {layout.boxes} there, as {name} has")
    written = [path for path in files if path.read_bytes().strip()]
    silent = {path.parent for path in files} - {path.parent for path in written}
    if silent:  # beside another, an empty file is OTB's way to have no second target
        raise BadInput("ground truth", min(silent) / layout.boxes, "is empty")
    return [read_sequence(path, numbered(path, written), layout) for path in written]


def numbered(path: Path, files: list[Path]) -> str:
    """The folder's name; with .1, .2, ... where it has several targets."""
    siblings = [one for one in files if one.parent == path.parent]
    name = path.parent.resolve().name
    return name if len(siblings) == 1 else f"{name}.{siblings.index(path) + 1}"


def read_sequence(path: Path, name: str, layout: Layout) -> Sequence:
    folder = path.parent
    boxes = parse_boxes(read_text("ground truth", path), path, corners=layout.corners)
    boxes[hidden(folder, layout, len(boxes))] = np.nan
    if not visible(boxes).any():
        raise BadInput("ground truth", path, "the target is in no frame")
    found: list[Path] = []
    for pattern in layout.pictures:
        found = found or sorted(folder.glob(pattern))
    if layout is LAYOUTS["otb"] and name.lower() in OTB_SPANS and len(found) > len(boxes):
        first, last = OTB_SPANS[name.lower()]
        found = found[first - 1 : last]
    return Sequence(name, folder, boxes, tuple(found), stated_size(folder))


def hidden(folder: Path, layout: Layout, length: int) -> NDArray[np.bool_]:
    """(T,) whether a frame does not show the target, by the files beside the boxes."""
    out = np.zeros(length, bool)
    for path in (folder / one for one in layout.absent):
        if path.is_file():
            out |= parse_flags(read_text("ground truth", path), path, length)
    if layout.cover is not None and (path := folder / layout.cover).is_file():
        out |= parse_levels(read_text("ground truth", path), path, length, COVERED) == 0
    return out


def stated_size(folder: Path) -> tuple[int, int] | None:
    """W, H as meta_info.ini of GOT-10k states it."""
    path = folder / "meta_info.ini"
    text = path.read_text(errors="replace") if path.is_file() else ""
    said = re.search(r"resolution:\s*\((\d+),\s*(\d+)\)", text)
    return (int(said[1]), int(said[2])) if said else None


def read_text(field: str, path: Path) -> str:
    """Raises BadInput, which names `field`."""
    if not path.is_file():
        raise BadInput(field, path, "is not there")
    return path.read_text(errors="replace")


def stills(paths: tuple[Path, ...]) -> Iterator[Image]:
    for path in paths:
        bgr = cv2.imread(str(path))
        if bgr is None:
            raise BadInput("image", path, "cannot be read")
        yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def video(path: Path, length: int) -> Iterator[Image]:
    """The first frames.  Raises BadInput when there are fewer."""
    capture = cv2.VideoCapture(str(path))
    for index in range(length):
        there, bgr = capture.read()
        if not there:
            raise BadInput("video", path, f"has {index} frames for {length} boxes")
        yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
