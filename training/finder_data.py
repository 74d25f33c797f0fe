"""What the object finder learns from: pictures with the boxes of all people and vehicles, or none.

Boxes are known of PETS frames (labelled) and rendered streets; what a picture without known boxes
holds is what the published network says of it.  N objects, boxes (x0, y0, x1, y1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.fastest_det import KINDS, FastestDet
from road_clarity.training.pets_untold import untold
from road_clarity.training.picture import Image, find_one, read_film, read_rgb
from road_clarity.training.street_crops import place, relight, warp
from road_clarity.training.tracking_sources import (
    CLIPS,
    PETS,
    PETS_END,
    PETS_LEARNED,
    PICTURES,
    pets_boxes,
)

WHOLE = FastestDet.input_size[::-1]  # width, height of what the pipeline asks about [px]
VIEW = (416, 256)  # of what is learnt from: a part of that
MOST = 64  # objects of a view that count
SMALLEST_PX = 10  # height of a box in a view below which nobody has to see it
ZOOM = (0.7, 2.0)  # of a view against the whole picture
GREY = (114, 114, 114)  # beyond the picture
AIMED = 0.6  # share of views that show somebody who is known
TAUGHT_AGAIN = 0.6  # share of these that show a mistake instead, where there was one
USED_SHARE = 0.8  # of every clip, from its start; the rest checks
STILLS = ("stills/bdd_*/*.*g", "stills/udacity/*/*.*g", "camvid/train/*.jpg", PICTURES)
PERSON, VEHICLE = range(len(KINDS))
NOBODY = -1
NOTHING_KNOWN, PEOPLE_KNOWN, ALL_KNOWN = range(3)


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture and who is in it."""

    picture: Image | Path
    boxes: NDArray[np.float32]  # (N, 4) [px]
    kinds: NDArray[np.int64]  # (N,) index into KINDS
    known: int  # NOTHING_KNOWN, PEOPLE_KNOWN or ALL_KNOWN: of whom the boxes are all
    asked: NDArray[np.bool_]  # (N,) who must be found; of the others too little is seen
    # (M, 4) boxes [px] at which earlier weights erred: saw nobody, or did not see somebody
    mistakes: NDArray[np.float32] = field(default_factory=lambda: as_boxes([]))

    @property
    def image(self) -> Image:
        return read_rgb(self.picture) if isinstance(self.picture, Path) else self.picture


class Views(NamedTuple):
    """One view, or a batch of them."""

    image: Tensor  # (B, H, W, 3) uint8, RGB
    boxes: Tensor  # (B, MOST, 4) in parts of the view
    kinds: Tensor  # (B, MOST) index into KINDS, or NOBODY
    known: Tensor  # (B,) of whom these are all
    asked: Tensor  # (B, MOST) bool: who must be found


def people_of_pets(
    root: Path, frames: range, step: int, with_untold: bool = False
) -> Iterator[Seen]:
    """Every `step`-th of the frames; those of whom the truth is silent need not be found."""
    boxes = dict(pets_boxes(find_one(root / PETS, "*.xml")))
    for index, image in enumerate(read_film(find_one(root / PETS, "*.avi"))):
        if index in frames and index % step == 0:
            found = list(boxes.get(index, {}).values())
            there = as_boxes([*found, *(untold(boxes, index) if with_untold else ())])
            asked = np.arange(len(there)) < len(found)
            yield Seen(image, there, np.full(len(there), PERSON), PEOPLE_KNOWN, asked)


def unlabelled(root: Path, last_part: bool) -> Iterator[Seen]:
    """Real streets: the first part of each clip and all stills, or the last part of each clip."""
    for name in CLIPS:
        film = [smaller(image) for image in read_film(root / name)]
        border = int(len(film) * USED_SHARE)
        for image in film[border::4] if last_part else film[:border:2]:
            yield without_boxes(image)
    for pattern in () if last_part else STILLS:
        for path in sorted(root.glob(pattern)):
            yield without_boxes(smaller(read_rgb(path)))


def without_boxes(image: Image) -> Seen:
    return Seen(image, as_boxes([]), np.empty(0, np.int64), NOTHING_KNOWN, np.empty(0, bool))


def smaller(image: Image) -> Image:
    """No more pixels than are ever looked at."""
    width = 2 * WHOLE[0]
    if image.shape[1] <= width:
        return image
    size = (width, round(image.shape[0] * width / image.shape[1]))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def as_boxes(found: Iterable[tuple[float, ...]]) -> NDArray[np.float32]:
    return np.array(list(found), np.float32).reshape(-1, 4)


def pets_learnt(root: Path, with_untold: bool = False) -> Iterator[Seen]:
    return people_of_pets(root, range(PETS_LEARNED), 2, with_untold)


def pets_checked(root: Path) -> Iterator[Seen]:
    return people_of_pets(root, range(PETS_LEARNED, PETS_END), 3)


def random_view(seen: Seen, rng: np.random.Generator) -> Views:
    """Zoomed, shifted, mirrored, in another light; most show somebody, if anybody is known."""
    image = seen.image
    placed = place(VIEW, WHOLE, rng, ZOOM)
    targets = seen.boxes[seen.asked]
    if len(seen.mistakes) and rng.random() < TAUGHT_AGAIN:
        targets = seen.mistakes
    if len(targets) and rng.random() < AIMED:
        box = targets[rng.integers(len(targets))]
        placed = aimed(placed, box / np.tile(image.shape[1::-1], 2), rng)
    view = warp(image, placed, VIEW, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT, GREY)
    return as_view(relight(view, rng), seen, image.shape, placed)


def aimed(
    placed: NDArray[np.float64], box: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.float64]:
    """The same view, moved until it holds the middle of a box (in parts of the picture)."""
    within = rng.uniform(0.1, 0.9, 2) * VIEW
    middle = (box[:2] + box[2:]) / 2
    shift = middle - placed[:, [0, 1]].diagonal() * within
    return np.column_stack([placed[:, :2], shift])


def whole_view(seen: Seen) -> Views:
    """The whole picture, as the pipeline looks at it."""
    image = seen.image
    small = np.asarray(cv2.resize(image, WHOLE, interpolation=cv2.INTER_AREA), np.uint8)
    scale = np.array([[1 / WHOLE[0], 0, 0], [0, 1 / WHOLE[1], 0]])
    return as_view(small, seen, image.shape, scale)


def as_view(image: Image, seen: Seen, shape: tuple[int, ...], placed: NDArray[np.float64]) -> Views:
    """shape: of the picture; placed: (2, 3) from pixels of the view to parts of the picture"""
    boxes, kinds = np.zeros((MOST, 4), np.float32), np.full(MOST, NOBODY)
    asked = np.zeros(MOST, bool)
    size = image.shape[1], image.shape[0]
    found, left = in_view(seen.boxes / np.tile(shape[1::-1], 2), placed, size)
    count = min(MOST, len(found))
    boxes[:count], kinds[:count] = found[:count], seen.kinds[left][:count]
    large = (found[:, 3] - found[:, 1]) * size[1] >= SMALLEST_PX
    asked[:count] = (seen.asked[left] & large)[:count]
    known = np.array(seen.known)
    return Views(*(torch.from_numpy(one) for one in (image, boxes, kinds, known, asked)))


def in_view(
    parts: NDArray[np.floating], placed: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes in parts of the view, cut at its border, and which they are; half of each must show.

    size: width, height of the view [px]
    """
    scale, shift = placed[:, [0, 1]].diagonal(), placed[:, 2]
    corners = (parts.reshape(-1, 2, 2) - shift) / scale / size
    low, high = corners.min(1), corners.max(1)
    cut = np.concatenate([low.clip(0, 1), high.clip(0, 1)], axis=1)
    shown = np.prod(cut[:, 2:] - cut[:, :2], axis=1) / np.prod(high - low, axis=1).clip(1e-9)
    left = np.flatnonzero(shown > 0.5)
    return cut[left].astype(np.float32), left
