"""Rendered streets for the object finder: pictures and everybody in them, rendered once.

A clip is one story with one seed.  Its pictures lie as PNG beside a JSON file that is written last,
so that a rendering that was cut off goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.fastest_det import KINDS
from road_clarity.training.checkpoint import put_aside
from road_clarity.training.finder_data import ALL_KNOWN, VEHICLE, Seen, as_boxes
from road_clarity.training.simulator.bodies import SIZES
from road_clarity.training.simulator.ground_truth import Instance
from road_clarity.training.simulator.scenario import Scenario, compose
from road_clarity.training.simulator.views import view_of

if TYPE_CHECKING:
    from road_clarity.training.simulator.film import SimFrame

SIZE, HZ, FRAMES = (640, 360), 10.0, 80
# Frames from one picture to the next: whoever steps out is seen for moments only
APART_LED, APART = 4, 8
# Of somebody partly hidden: height of what is seen, and pixels, against those of the whole figure
UPRIGHT, SHOWN = 0.45, 0.12
SLIVER = 0.5  # width / height below which not enough of a vehicle is seen
EYES_M = 0.5  # the camera is before the middle of the car

Clip = tuple[str, int]  # story, seed


def street_pictures(clips: Iterable[Clip], folder: Path) -> Iterator[Seen]:
    """All pictures of all clips, from `folder` or rendered into it."""
    folder.mkdir(parents=True, exist_ok=True)
    for story, seed in clips:
        known = folder / f"{story}_{seed}.json"
        if not known.is_file():
            render(story, seed, known)
        for one in json.loads(known.read_text()):
            boxes, kinds = as_boxes(one["boxes"]), np.array(one["kinds"], np.int64)
            asked = np.array(one["asked"], bool) & ~slivers(boxes, kinds)
            yield Seen(folder / one["picture"], boxes, kinds, ALL_KNOWN, asked)


def slivers(boxes: NDArray[np.float32], kinds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Vehicles that are mostly hidden by the one before: (N, 4), (N,) -> (N,)"""
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    return np.asarray((kinds == VEHICLE) & (width < SLIVER * height), bool)


def render(story: str, seed: int, known: Path) -> None:
    """One clip."""
    told = []
    for frame in pictures(compose(story, seed), seed):
        name = f"{known.stem}_{round(frame.stamp_ns * 1e-6):05d}.png"
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(known.parent / name), bgr, [cv2.IMWRITE_PNG_COMPRESSION, 2])
        told.append({"picture": name, **everybody(frame)})
    put_aside(known, lambda new: new.write_text(json.dumps(told)))


def pictures(scenario: Scenario, seed: int) -> Iterator[SimFrame]:
    """Moments of a story as our car sees it; the first one differs by seed."""
    from road_clarity.training.simulator.film import filmed  # needs the extra [simulator]

    apart = APART if scenario.leading is None else APART_LED
    wanted = range(seed % apart, FRAMES, apart)
    return filmed(scenario, view_of("car", scenario, SIZE, HZ), seed, SIZE, HZ, wanted)


def everybody(frame: SimFrame) -> dict[str, Any]:
    """Boxes, kinds, and whether each must be found."""
    there, focal = frame.truth.instances, frame.truth.camera.focal_px
    return {
        "boxes": [one.box for one in there],
        "kinds": [list(KINDS).index(one.label) for one in there],
        "asked": [is_shown(one, focal) for one in there],
    }


def is_shown(one: Instance, focal_px: float) -> bool:
    """Whether enough of somebody is seen."""
    size, metre_px = SIZES[one.model], focal_px / max(one.ahead_m - EYES_M, 1.0)
    height, width = size.height * metre_px, size.width * metre_px
    upright = one.box[3] - one.box[1] >= UPRIGHT * height
    return upright and one.pixels >= SHOWN * height * width
