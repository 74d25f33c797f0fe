"""Pairs of template and search region, cut and varied as LoRAT was trained (its run.yaml).

One second of video is rarely enough to change how somebody looks, so that the two sightings of a
pair lie up to a hundred frames apart.
B batch, n tokens per row of a region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.lorat import Regions
from road_clarity.models.lorat_crop import Affine, Box, around, clipped, enlarged, foreground
from road_clarity.training.tracking_paste import pasted_pair
from road_clarity.training.tracking_sources import (
    PETS_END,
    PETS_LEARNED,
    TLD_LEARNED,
    Image,
    Sighting,
    Tracklet,
    camvid_tracklets,
    pets_tracklets,
    tld_tracklet,
)
from road_clarity.training.tracking_teacher import street_tracklets

FARTHEST_FRAMES = 100  # between the two sightings of a pair
STRETCH = 0.2  # standard deviation of the log of the search region's scale, per axis
WANDER = 1.0  # largest offset of the target from the middle [its mean sides]
SMALLEST_PX = 10  # of the target in the search region
TRIES = 20
JITTER = 0.25  # of brightness and each colour; published .4, but colour helps a small network
GREY, BLUR = 0.1, 0.1  # probabilities

Sightings = tuple[Sighting, Sighting]
Source = Callable[[np.random.Generator], Sightings]


class Pairs(NamedTuple):
    """A batch."""

    template: Tensor  # (B, t, t, 3) uint8
    search: Tensor  # (B, s, s, 3) uint8
    template_mask: Tensor  # (B, n, n) integers
    box: Tensor  # (B, 4) x0, y0, x1, y1 as shares of the search region
    covered: Tensor  # (B, n * n) bool, tokens of the search region that the box touches


@dataclass(frozen=True)
class Mixture:
    """Sources and how often each is asked."""

    sources: tuple[Source, ...]
    shares: tuple[float, ...]  # sum 1

    def draw(self, count: int, regions: Regions, rng: np.random.Generator) -> Pairs:
        picks = rng.choice(len(self.sources), size=count, p=self.shares)
        return collate([pair(self.sources[i](rng), regions, rng) for i in picks])


def learning_mixture(root: Path) -> Mixture:
    """What the tracker learns from."""
    people = pets_tracklets(root, range(PETS_LEARNED))
    films = [tld_tracklet(root, name) for name in TLD_LEARNED]
    street = street_tracklets(root)
    still = camvid_tracklets(root, "train")
    shapes = [one[0] for one in still]
    streets = [one.image for one in shapes] + [one[0].image for one in street]
    return Mixture(
        (
            lambda rng: sightings(people, rng),
            lambda rng: sightings(films, rng),
            lambda rng: sightings(street, rng),
            lambda rng: sightings(still, rng),
            lambda rng: pasted_pair(shapes, streets, rng),
        ),
        (0.25, 0.15, 0.25, 0.15, 0.2),
    )


def held_out_mixture(root: Path) -> Mixture:
    """What chooses among weights: other people, other moments, other streets."""
    people = pets_tracklets(root, range(PETS_LEARNED, PETS_END))
    still = camvid_tracklets(root, "val")
    return Mixture(
        (lambda rng: sightings(people, rng), lambda rng: sightings(still, rng)), (0.5, 0.5)
    )


def sightings(tracklets: Sequence[Tracklet], rng: np.random.Generator) -> Sightings:
    """Two sightings of one object, at most FARTHEST_FRAMES apart."""
    one = tracklets[int(rng.integers(len(tracklets)))]
    first = one[rng.integers(len(one))]
    near = [s for s in one if abs(s.index - first.index) <= FARTHEST_FRAMES]
    return first, near[rng.integers(len(near))]


def pair(
    both: Sightings, regions: Regions, rng: np.random.Generator
) -> tuple[Image, Image, Tensor, Box]:
    """Template, search region, template mask, and box [px] in the search region."""
    first, second = both
    box = enlarged(first.box)
    affine = around(box, regions.template_factor, regions.template_px)
    template = warp(first.image, affine, regions.template_px)
    mask = foreground(affine.to_region(box), regions.template_px)
    affine, target = search_view(enlarged(second.box), regions, rng)
    search = warp(second.image, affine, regions.search_px)
    if rng.random() < 0.5:
        search = np.ascontiguousarray(search[:, ::-1])
        target = mirror(target, regions.search_px)
    if rng.random() < 0.5:
        template, mask = np.ascontiguousarray(template[:, ::-1]), mask.flip(1)
    template, search = vary([template, search], rng)
    return template, search, mask, target


def search_view(box: Box, regions: Regions, rng: np.random.Generator) -> tuple[Affine, Box]:
    """A search region whose middle is off the target, and the target's box in it."""
    side = regions.search_px
    exact = around(box, regions.search_factor, side)
    centred = exact.to_region(box)
    for _ in range(TRIES):
        sx, sy = np.exp(-STRETCH * rng.standard_normal(2))
        w, h = (centred[2] - centred[0]) * sx, (centred[3] - centred[1]) * sy
        dx, dy = rng.uniform(-1, 1, size=2) * WANDER * (w + h) / 2
        x, y = side / 2 + dx, side / 2 + dy
        target = clipped((x - w / 2, y - h / 2, x + w / 2, y + h / 2), side, side)
        if target is not None and min(w, h, *np.subtract(target[2:], target[:2])) >= SMALLEST_PX:
            scale = (exact.scale[0] * sx, exact.scale[1] * sy)
            cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            return Affine(scale, (x - cx * scale[0], y - cy * scale[1])), target
    return exact, clipped(centred, side, side) or centred


def warp(image: Image, affine: Affine, side: int) -> Image:
    """The region, filled with the mean colour outside."""
    (sx, sy), (tx, ty) = affine.scale, affine.shift
    matrix = np.array([[sx, 0, tx + sx / 2 - 0.5], [0, sy, ty + sy / 2 - 0.5]])  # pixel centres
    mean = image[::8, ::8].mean(axis=(0, 1)).tolist()
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), borderValue=mean), np.uint8)


def mirror(box: Box, side: int) -> Box:
    return side - box[2], box[1], side - box[0], box[3]


def vary(images: list[Image], rng: np.random.Generator) -> list[Image]:
    """Colours of each image apart; grey and blur of all together."""
    grey, blurred = rng.random() < GREY, rng.random() < BLUR
    out = []
    for image in images:
        gain = 1 + JITTER * (rng.uniform(-0.7, 0.7) + 0.4 * rng.uniform(-1, 1, size=3))
        lift = 255 * JITTER * rng.uniform(-0.25, 0.25)
        table = np.clip(np.arange(256)[:, None] * gain + lift, 0, 255).astype(np.uint8)
        changed: NDArray[np.uint8] = cv2.LUT(image, table[:, None])
        if grey:
            changed = np.repeat(changed.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        if blurred:
            changed = np.asarray(cv2.GaussianBlur(changed, (5, 5), 0), np.uint8)
        out.append(changed)
    return out


def collate(pairs: Sequence[tuple[Image, Image, Tensor, Box]]) -> Pairs:
    templates, searches, masks, boxes = zip(*pairs, strict=True)
    side = searches[0].shape[0]
    return Pairs(
        torch.from_numpy(np.stack(templates)),
        torch.from_numpy(np.stack(searches)),
        torch.stack(masks),
        torch.tensor(boxes, dtype=torch.float32) / side,
        torch.stack([foreground(box, side).flatten().bool() for box in boxes]),
    )
