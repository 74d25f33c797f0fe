"""What lorat_edge learns from, and what chooses among its weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from road_clarity.training.colour_jitter import grey
from road_clarity.training.picture import Image
from road_clarity.training.tracking_pairs import Mixture, Sightings, Source, Variation, two_of
from road_clarity.training.tracking_paste import pasted_pair
from road_clarity.training.tracking_simulated import simulated_tracklets
from road_clarity.training.tracking_sources import (
    PETS_END,
    PETS_LEARNED,
    TLD_LEARNED,
    Tracklet,
    camvid_tracklets,
    pets_tracklets,
    tld_tracklet,
)
from road_clarity.training.tracking_teacher import street_tracklets

JITTER = 0.25  # of brightness and each colour; published .4, but colour helps a small network
GREY, BLUR, COARSE, NOISY = 0.1, 0.1, 0.35, 0.25  # probabilities
COARSEST = 0.2  # share of the pixels per side: a target far away, or an old camera
NOISE = (2.0, 12.0)  # standard deviation


def learning_mixture(root: Path, simulated: float) -> Mixture:
    """What the tracker learns from.  simulated: share of the pairs that come from the simulator"""
    people = pets_tracklets(root, range(PETS_LEARNED))
    films = [tld_tracklet(root, name) for name in TLD_LEARNED]
    street = street_tracklets(root)
    still = camvid_tracklets(root, "train")
    shapes = [one[0] for one in still]
    streets = [one.image for one in shapes] + [one[0].image for one in street]
    sources: list[Source] = [
        lambda rng: sightings(people, rng),
        lambda rng: sightings(films, rng),
        lambda rng: sightings(street, rng),
        lambda rng: sightings(still, rng),
        lambda rng: pasted_pair(shapes, streets, rng),
    ]
    shares = [(1 - simulated) * share for share in (0.25, 0.15, 0.25, 0.15, 0.2)]
    if simulated:
        rendered = simulated_tracklets()
        sources.append(lambda rng: sightings(rendered, rng))
        shares.append(simulated)
    return Mixture(tuple(sources), tuple(shares), VARIATION)


def held_out_mixture(root: Path) -> Mixture:
    """What chooses among weights: other people, other moments, other streets."""
    people = pets_tracklets(root, range(PETS_LEARNED, PETS_END))
    still = camvid_tracklets(root, "val")
    return Mixture(
        (lambda rng: sightings(people, rng), lambda rng: sightings(still, rng)),
        (0.5, 0.5),
        VARIATION,
    )


def sightings(tracklets: Sequence[Tracklet], rng: np.random.Generator) -> Sightings:
    """Two sightings of one object."""
    one = tracklets[int(rng.integers(len(tracklets)))]
    first, second = two_of(np.array([sighting.index for sighting in one]), rng)
    return one[first], one[second]


def vary(images: list[Image], rng: np.random.Generator) -> list[Image]:
    """Colours of each image apart; grey, blur and coarseness of all together, noise of each."""
    greyed, blurred = rng.random() < GREY, rng.random() < BLUR
    out = []
    for image in images:
        gain = 1 + JITTER * (rng.uniform(-0.7, 0.7) + 0.4 * rng.uniform(-1, 1, size=3))
        lift = 255 * JITTER * rng.uniform(-0.25, 0.25)
        table = np.clip(np.arange(256)[:, None] * gain + lift, 0, 255).astype(np.uint8)
        changed = np.asarray(cv2.LUT(image, table[:, None]), np.uint8)
        if greyed:
            changed = np.repeat(grey(changed)[..., None], 3, axis=2)
        if blurred:
            changed = np.asarray(cv2.GaussianBlur(changed, (5, 5), 0), np.uint8)
        out.append(changed)
    if rng.random() < COARSE:
        share = float(np.exp(rng.uniform(np.log(COARSEST), 0)))
        out = [coarse(image, share) for image in out]
    return [noisy(image, rng) for image in out] if rng.random() < NOISY else out


def coarse(image: Image, share: float) -> Image:
    """As if seen with that share of the pixels per side."""
    size = image.shape[1::-1]
    few = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def noisy(image: Image, rng: np.random.Generator) -> Image:
    """With grain, the same in all colours."""
    grain = rng.normal(0, rng.uniform(*NOISE), (*image.shape[:2], 1))
    return np.asarray(np.clip(image + grain, 0, 255), np.uint8)


VARIATION = Variation(stretch=0.2, wander=1.0, recolour=vary)
