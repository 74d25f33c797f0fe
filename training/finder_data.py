"""What the object finder learns from: pictures with the boxes of all people and vehicles, or none.

Boxes are known of PETS frames (labelled) and rendered streets; what a picture without known boxes
holds is what the published network says of it.  N objects, boxes (x0, y0, x1, y1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.fastest_det import KINDS, FastestDet
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

VIEW = FastestDet.input_size[::-1]  # width, height of what the network sees [px]
MOST = 64  # objects of a view that count
SMALLEST = 8 / 288  # height of a box in parts of the view below which nobody has to see it
LEARNT, CHECKED = 7100, 9100  # first seeds of the rendered streets; evaluation takes others
RENDERED, RENDERED_CHECK = 480, 96  # frames
RENDERED_SIZE = (640, 360)
USED_SHARE = 0.8  # of every clip, from its start; the rest checks
STILLS = ("stills/bdd_*/*.*g", "stills/udacity/*/*.*g", "camvid/train/*.jpg", PICTURES)
PERSON, VEHICLE = range(len(KINDS))
NOBODY = -1
NOTHING_KNOWN, PEOPLE_KNOWN, ALL_KNOWN = range(3)


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture and who is in it."""

    image: Image
    boxes: NDArray[np.float32]  # (N, 4) [px]
    kinds: NDArray[np.int64]  # (N,) index into KINDS
    known: int  # NOTHING_KNOWN, PEOPLE_KNOWN or ALL_KNOWN: of whom the boxes are all


class Views(NamedTuple):
    """One view, or a batch of them."""

    image: Tensor  # (B, H, W, 3) uint8, RGB
    boxes: Tensor  # (B, MOST, 4) in parts of the view
    kinds: Tensor  # (B, MOST) index into KINDS, or NOBODY
    known: Tensor  # (B,) of whom these are all


def people_of_pets(root: Path, frames: range, step: int) -> Iterator[Seen]:
    """Every `step`-th of the frames."""
    boxes = dict(pets_boxes(find_one(root / PETS, "*.xml")))
    for index, image in enumerate(read_film(find_one(root / PETS, "*.avi"))):
        if index in frames and index % step == 0:
            found = list(boxes.get(index, {}).values())
            yield Seen(image, as_boxes(found), np.full(len(found), PERSON), PEOPLE_KNOWN)


def rendered(first_seed: int, count: int) -> Iterator[Seen]:
    """Streets of the simulator."""
    from road_clarity.training.simulator.samples import training_samples

    for frame in islice(training_samples(first_seed, RENDERED_SIZE), count):
        there = frame.truth.instances
        kinds = [list(KINDS).index(one.label) for one in there]
        boxes = as_boxes([one.box for one in there])
        yield Seen(frame.image, boxes, np.array(kinds, np.int64), ALL_KNOWN)


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
    return Seen(image, as_boxes([]), np.empty(0, np.int64), NOTHING_KNOWN)


def smaller(image: Image) -> Image:
    """No more pixels than are ever looked at."""
    width = 2 * VIEW[0]
    if image.shape[1] <= width:
        return image
    size = (width, round(image.shape[0] * width / image.shape[1]))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def as_boxes(found: Iterable[tuple[float, ...]]) -> NDArray[np.float32]:
    return np.array(list(found), np.float32).reshape(-1, 4)


def pets_learnt(root: Path) -> Iterator[Seen]:
    return people_of_pets(root, range(PETS_LEARNED), 2)


def pets_checked(root: Path) -> Iterator[Seen]:
    return people_of_pets(root, range(PETS_LEARNED, PETS_END), 3)


def random_view(seen: Seen, rng: np.random.Generator) -> Views:
    """Zoomed, shifted, mirrored, in another light."""
    placed = place(VIEW, VIEW, rng)
    image = warp(seen.image, placed, VIEW, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT, 114)
    return as_view(relight(image, rng), seen, placed)


def whole_view(seen: Seen) -> Views:
    """The whole picture, as the pipeline looks at it."""
    image = np.asarray(cv2.resize(seen.image, VIEW, interpolation=cv2.INTER_AREA), np.uint8)
    scale = np.array([[1 / VIEW[0], 0, 0], [0, 1 / VIEW[1], 0]])
    return as_view(image, seen, scale)


def as_view(image: Image, seen: Seen, placed: NDArray[np.float64]) -> Views:
    """placed: (2, 3) from pixels of the view to parts of the picture"""
    boxes, kinds = np.zeros((MOST, 4), np.float32), np.full(MOST, NOBODY)
    found, left = in_view(seen.boxes / np.tile(seen.image.shape[1::-1], 2), placed)
    count = min(MOST, len(found))
    boxes[:count], kinds[:count] = found[:count], seen.kinds[left][:count]
    known = torch.tensor(seen.known)
    return Views(torch.from_numpy(image), torch.from_numpy(boxes), torch.from_numpy(kinds), known)


def in_view(
    parts: NDArray[np.floating], placed: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes in parts of the view, cut at its border, and which they are; half of each must show."""
    scale, shift = placed[:, [0, 1]].diagonal(), placed[:, 2]
    corners = (parts.reshape(-1, 2, 2) - shift) / scale / VIEW
    low, high = corners.min(1), corners.max(1)
    cut = np.concatenate([low.clip(0, 1), high.clip(0, 1)], axis=1)
    shown = np.prod(cut[:, 2:] - cut[:, :2], axis=1) / np.prod(high - low, axis=1).clip(1e-9)
    left = np.flatnonzero(shown > 0.5)
    return cut[left].astype(np.float32), left
