"""What is true about a frame: classes, objects, lanes, danger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.scene import Box, Lane
from road_clarity.training.simulator import danger
from road_clarity.training.simulator.bodies import Body, Moment
from road_clarity.training.simulator.camera import Camera
from road_clarity.training.simulator.street import Street
from road_clarity.training.simulator.views import Sight

FEWEST_PX = 12  # of which less is seen does not count as seen
AHEAD_M = np.arange(2.0, 70.0)  # where lanes have their points


@dataclass(frozen=True)
class Instance:
    """A road user that is in the picture.  The box holds what is seen of it."""

    id: int
    label: str  # 'person' or 'vehicle'
    model: str
    box: Box  # [px]
    pixels: int
    ahead_m: float  # from the middle of the viewer to its middle, along the street
    aside_m: float  # to the left
    velocity: tuple[float, float]  # along and across the street [m/s]


@dataclass(frozen=True, eq=False)
class Truth:
    stamp_ns: int
    classes: NDArray[np.uint8]  # (h, w) index into CLASSES
    identities: NDArray[np.uint8]  # (h, w) id of the road user, 0: none
    depth_m: NDArray[np.float32]  # (h, w), to about 2 %
    instances: tuple[Instance, ...]
    lanes: tuple[Lane, ...]  # also where vehicles hide the paint
    camera: Camera
    viewer: Body  # whose eyes the camera stands for: our car, or a pedestrian
    ego: Body  # our car
    gap_m: float | None
    time_to_collision_s: float | None
    hazardous: bool  # as defined in danger.py


def instances(identities: NDArray[np.uint8], sight: Sight) -> tuple[Instance, ...]:
    """The road users of which enough pixels are seen."""
    by_id = {body.id: body for body in sight.bodies}
    found = []
    for number, pixels, box in boxes(identities):
        if pixels < FEWEST_PX:
            continue
        body = by_id[number]
        ahead, aside = body.s - sight.viewer.s, body.d - sight.viewer.d
        found.append(
            Instance(number, body.label, body.model, box, pixels, ahead, aside, body.velocity)
        )
    return tuple(found)


def boxes(identities: NDArray[np.uint8]) -> list[tuple[int, int, Box]]:
    """(id, pixels, box) of every identity in an image (h, w), 0 left out."""
    places = np.flatnonzero(identities)
    if not len(places):
        return []
    numbers = identities.ravel()[places]
    order = np.argsort(numbers, kind="stable")
    numbers, y, x = numbers[order], *np.divmod(places[order], identities.shape[1])
    first = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    pixels = np.diff(np.r_[first, len(numbers)])
    edges = [low.reduceat(axis, first) for low in (np.minimum, np.maximum) for axis in (x, y)]
    return [
        (int(number), int(count), (float(x0), float(y0), float(x1 + 1), float(y1 + 1)))
        for number, count, x0, y0, x1, y1 in zip(numbers[first], pixels, *edges, strict=True)
    ]


def lanes(street: Street, ego: Body, camera: Camera) -> tuple[Lane, ...]:
    """The lane lines about our car in pixels, bottom up, as far as they are in the picture."""
    width, height = camera.size
    lines = street.ego_lines(ego.d)
    ground = np.zeros((len(lines), len(AHEAD_M), 3))
    across = np.array([[line.d] for line in lines.values()])
    ground[..., :2] = street.world(np.tile(ego.s + AHEAD_M, (len(lines), 1)), across)
    pixels, depth = camera.project(ground.reshape(-1, 3))
    x, y = pixels.T
    inside = (depth > 1) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    found = []
    for index, number in enumerate(lines):
        mine = slice(index * len(AHEAD_M), (index + 1) * len(AHEAD_M))
        points = pixels[mine][inside[mine]].tolist()
        if len(points) >= 2:
            found.append(Lane(number, tuple((px, py) for px, py in points), 1.0))
    return tuple(found)


def truth(
    stamp_ns: int, street: Street, moment: Moment, sight: Sight,
    classes: NDArray[np.uint8], identities: NDArray[np.uint8], depth_m: NDArray[np.float32],
) -> Truth:  # fmt: skip
    """Everything that is true about one frame.  Only who drives has lanes about."""
    ego, at_risk = moment.ego, sight.at_risk
    drives = sight.viewer is ego
    return Truth(
        stamp_ns, classes, identities, depth_m, instances(identities, sight),
        lanes(street, ego, sight.camera) if drives else (), sight.camera, sight.viewer, ego,
        danger.gap_m(ego, at_risk), danger.time_to_collision_s(ego, at_risk),
        danger.is_hazardous(ego, at_risk),
    )  # fmt: skip
