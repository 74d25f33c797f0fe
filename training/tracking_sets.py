"""Tracking data sets in their published layouts: GOT-10k, LaSOT, TrackingNet, OTB, TLD, COCO.

Boxes are read at once, and are refused when they cannot be; pictures are read when they are asked
for.  Frames in which the target is absent, hidden or has no area are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.box_text import Boxes, parse_boxes, parse_flags
from road_clarity.models.errors import BadInput
from road_clarity.training.picture import read_rgb
from road_clarity.training.tracking_pairs import Sighting, Sightings, Source, two_of

OTB_STARTS = {"David": 300, "Tiger1": 6}  # picture of the first box, where more came before it


@dataclass(frozen=True, eq=False)
class Track:
    """One object, in the frames in which it is visible."""

    frames: NDArray[np.int64]  # (N,) counted from 0, ascending
    boxes: Boxes  # (N, 4)
    path: Callable[[int], Path]  # of the picture of a frame

    def sightings(self, rng: np.random.Generator) -> Sightings:
        """Two, near each other in time."""
        first, second = (self.sighting(place) for place in two_of(self.frames, rng))
        return first, second

    def sighting(self, place: int) -> Sighting:
        frame = int(self.frames[place])
        x0, y0, x1, y1 = self.boxes[place].tolist()
        return Sighting(read_rgb(self.path(frame)), (x0, y0, x1, y1), frame)


@dataclass(frozen=True, eq=False)
class Still:
    """One picture of several objects."""

    boxes: Boxes
    path: Path

    def sightings(self, rng: np.random.Generator) -> Sightings:
        """The same object twice."""
        x0, y0, x1, y1 = self.boxes[rng.integers(len(self.boxes))].tolist()
        sighting = Sighting(read_rgb(self.path), (x0, y0, x1, y1), 0)
        return sighting, sighting


Objects = Sequence[Track | Still]


def source(objects: Objects) -> Source:
    """All sequences, or pictures, equally often."""
    return lambda rng: objects[int(rng.integers(len(objects)))].sightings(rng)


@dataclass(frozen=True)
class Layout:
    """Where the folder of one sequence keeps things."""

    boxes: str  # file
    picture: str  # name by number; the first number is 1
    corners: bool = False  # whether a line is two corners instead of corner and size
    absent: tuple[str, ...] = ()  # files with 1 for frames in which the target is not visible


GOT10K = Layout("groundtruth.txt", "{:08d}.jpg", absent=("absence.label",))
LASOT = Layout(
    "groundtruth.txt", "img/{:08d}.jpg", absent=("full_occlusion.txt", "out_of_view.txt")
)
TLD = Layout("gt.txt", "{:05d}.jpg", corners=True)


def read_got10k(root: Path, split: str, listed: Path | None = None) -> list[Track]:
    """'train' or 'val'; `listed` may be another list than the split's, such as VOT's choice."""
    names = read_list(listed or root / split / "list.txt")
    return [read_track(root / split / name, GOT10K) for name in names]


def read_lasot(root: Path, split: str) -> list[Track]:
    """'training' or 'testing'; sequence airplane-1 lies in the folder airplane."""
    names = read_list(root / f"{split}_set.txt")
    return [read_track(root / name.rpartition("-")[0] / name, LASOT) for name in names]


def read_tld(root: Path) -> list[Track]:
    """Every folder with gt.txt."""
    return [read_track(path.parent, TLD) for path in find_all(root, "*/gt.txt", "TLD")]


def read_trackingnet(root: Path) -> list[Track]:
    """The parts TRAIN_0 to TRAIN_11 that are there."""
    found = []
    for path in find_all(root, "TRAIN_*/anno/*.txt", "TrackingNet"):
        folder = path.parents[1] / "frames" / path.stem
        boxes = parse_boxes(read_text(path), path, corners=False)
        found.append(track(boxes, partial(numbered, folder, "{}.jpg", 0), path))
    return found


def read_otb(root: Path) -> list[Track]:
    """Every folder with groundtruth_rect.txt; two targets have .1.txt and .2.txt."""
    found = []
    for path in find_all(root, "*/groundtruth_rect*.txt", "OTB"):
        pictures = sorted((path.parent / "img").glob("*.jpg"))
        boxes = parse_boxes(read_text(path), path, corners=False)
        if len(pictures) > len(boxes):
            pictures = pictures[OTB_STARTS.get(path.parent.name, 1) - 1 :]
        if len(pictures) < len(boxes):
            remedy = f"has {len(boxes)} boxes for the {len(pictures)} pictures in img"
            raise BadInput("ground truth", path, remedy)
        found.append(track(boxes, pictures.__getitem__, path))
    return found


def read_coco(root: Path, split: str) -> list[Still]:
    """'train2017' or 'val2017'; crowds are left out."""
    path = root / "annotations" / f"instances_{split}.json"
    text = read_text(path)
    boxes: dict[int, list[list[float]]] = {}
    try:
        content = json.loads(text)
        for one in content["annotations"]:
            x, y, w, h = map(float, one["bbox"])
            if not one.get("iscrowd") and w > 0 and h > 0:
                boxes.setdefault(one["image_id"], []).append([x, y, x + w, y + h])
        names = {one["id"]: one["file_name"] for one in content["images"] if one["id"] in boxes}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        remedy = f"is not as COCO writes it: {type(error).__name__} {error}"
        raise BadInput("COCO annotations", path, remedy) from error
    return [Still(np.array(boxes[one]), root / split / name) for one, name in names.items()]


def read_track(folder: Path, layout: Layout) -> Track:
    """The sequence in a folder.  Raises BadInput."""
    source = folder / layout.boxes
    boxes = parse_boxes(read_text(source), source, corners=layout.corners)
    for flags in (folder / name for name in layout.absent):
        boxes[parse_flags(read_text(flags), flags, len(boxes))] = np.nan
    return track(boxes, partial(numbered, folder, layout.picture, 1), source)


def track(boxes: Boxes, path: Callable[[int], Path], source: Path) -> Track:
    """Raises BadInput when the target is never visible or pictures are missing."""
    frames = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))  # nan is not greater
    if not len(frames):
        raise BadInput("ground truth", source, "has no frame in which the target is visible")
    for frame in (int(frames[0]), int(frames[-1])):
        if not path(frame).is_file():
            raise BadInput("picture", path(frame), f"is not there; {source} has a box for it")
    return Track(frames, boxes[frames], path)


def numbered(folder: Path, picture: str, first: int, frame: int) -> Path:
    return folder / picture.format(frame + first)


def find_all(root: Path, pattern: str, kind: str) -> list[Path]:
    """Raises BadInput when there is none."""
    found = sorted(root.glob(pattern))
    if not found:
        raise BadInput(f"{kind} folder", root, f"must hold {pattern}")
    return found


def read_list(path: Path) -> list[str]:
    """The names in a list of sequences, one per line.  Raises BadInput."""
    names = read_text(path).split()
    if not names:
        raise BadInput("list of sequences", path, "is empty")
    return names


def read_text(path: Path) -> str:
    """Raises BadInput."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            "file", path, f"cannot be read ({error}); the data set must be whole"
        ) from error
