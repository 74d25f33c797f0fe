"""Pairs of template and search region, cut and varied as LoRAT was trained (its run.yaml).

One second of video is rarely enough to change how somebody looks, so that the two sightings of a
pair lie up to a hundred frames apart.
B batch, n tokens per row of a region, t and s sides of template and search region [px].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.lorat import Regions
from road_clarity.models.lorat_crop import Affine, Box, aligned, around, clipped, foreground
from road_clarity.training.picture import Image
from road_clarity.training.tracking_augment import Recolour, recolour

FARTHEST_FRAMES = 100  # between the two sightings of a pair
SMALLEST_PX = 10  # of the target in the search region
TRIES = 12  # of search regions about one target


@dataclass(frozen=True, eq=False)
class Sighting:
    """One object in one picture."""

    image: Image
    box: Box
    index: int  # of the frame in its clip
    shape: NDArray[np.bool_] | None = None  # (h, w) inside the box, where it is known


Sightings = tuple[Sighting, Sighting]
Source = Callable[[np.random.Generator], Sightings]


@dataclass(frozen=True)
class Variation:
    """How much the views of a pair differ."""

    stretch: float  # standard deviation of the log of the search region's scale, per axis
    wander: float  # largest offset of the target from the middle [its mean sides]
    recolour: Recolour


PUBLISHED = Variation(stretch=0.25, wander=3.0, recolour=recolour)


class Pair(NamedTuple):
    """One pair; with B in front of every shape, a batch."""

    template: Tensor  # (t, t, 3) uint8
    search: Tensor  # (s, s, 3) uint8
    template_mask: Tensor  # (n, n) integers
    box: Tensor  # (4,) x0, y0, x1, y1 as shares of the search region
    covered: Tensor  # (n * n,) bool, tokens of the search region that the box touches


@dataclass(frozen=True)
class Mixture:
    """Sources and how often each is asked."""

    sources: tuple[Source, ...]
    shares: tuple[float, ...]  # sum 1
    variation: Variation

    def draw(self, regions: Regions, rng: np.random.Generator) -> Pair:
        """One pair; another one when no search region shows enough of the target."""
        found = None
        while found is None:
            source = self.sources[rng.choice(len(self.sources), p=self.shares)]
            found = pair(source(rng), regions, self.variation, rng)
        return found


def two_of(frames: NDArray[np.int64], rng: np.random.Generator) -> tuple[int, int]:
    """Places in `frames` of two different frames that are near each other, if there are two."""
    first = int(rng.integers(len(frames)))
    near = np.flatnonzero(np.abs(frames - frames[first]) <= FARTHEST_FRAMES)
    others = near[near != first]
    return first, int(others[rng.integers(len(others))]) if len(others) else first


def pair(
    both: Sightings, regions: Regions, variation: Variation, rng: np.random.Generator
) -> Pair | None:
    """None when no search region was found that shows enough of the target."""
    first, second = both
    side = regions.search_px
    wanted = search_view(second.box, regions, variation, rng)
    if wanted is None:
        return None
    known = around(first.box, regions.template_factor, regions.template_px)
    template, affine = cut(first.image, known, regions.template_px)
    mask = foreground(affine.to_region(first.box), regions.template_px)
    search, affine = cut(second.image, wanted, side)
    box = affine.to_region(second.box)
    if rng.random() < 0.5:
        search, box = search[:, ::-1], mirror(box, side)
    if rng.random() < 0.5:
        template, mask = template[:, ::-1], mask.flip(1)
    template, search = variation.recolour([template, search], rng)
    seen = clipped(box, side, side)
    return seen and Pair(
        torch.from_numpy(np.ascontiguousarray(template)),
        torch.from_numpy(np.ascontiguousarray(search)),
        mask,
        torch.tensor(seen, dtype=torch.float32) / side,
        foreground(seen, side).flatten().bool(),
    )


def search_view(
    box: Box, regions: Regions, variation: Variation, rng: np.random.Generator
) -> Affine | None:
    """A search region whose middle is off the target, or None when too many show too little."""
    side = regions.search_px
    scale = around(box, regions.search_factor, side).scale[0]
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for _ in range(TRIES):
        sx, sy = scale * np.exp(-variation.stretch * rng.standard_normal(2))
        mean_side = ((box[2] - box[0]) * sx + (box[3] - box[1]) * sy) / 2
        x, y = side / 2 + rng.uniform(-1, 1, size=2) * variation.wander * mean_side
        view = Affine((float(sx), float(sy)), (float(x - cx * sx), float(y - cy * sy)))
        seen = clipped(view.to_region(box), side, side)
        if seen and min(seen[2] - seen[0], seen[3] - seen[1]) >= SMALLEST_PX:
            return view
    return None


def cut(image: Image, wanted: Affine, side: int) -> tuple[Image, Affine]:
    """As models.lorat_crop.cut does for inference, in a fraction of its time."""
    region = np.full((side, side, 3), image[::4, ::4].mean(axis=(0, 1)) + 0.5, np.uint8)
    place = aligned(wanted, side, image.shape[1], image.shape[0])
    if place is None:
        return region, wanted
    (left, top, right, bottom), (x0, y0, x1, y1) = place.source, place.target
    cv2.resize(image[top:bottom, left:right], (x1 - x0, y1 - y0), dst=region[y0:y1, x0:x1])
    return region, place.affine


def mirror(box: Box, side: int) -> Box:
    return side - box[2], box[1], side - box[0], box[3]
