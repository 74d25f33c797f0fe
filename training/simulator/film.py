"""A scenario as a sequence of frames with ground truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from road_clarity.training.simulator.bodies import Body, Moment
from road_clarity.training.simulator.camera import Camera
from road_clarity.training.simulator.ground_truth import Truth, truth
from road_clarity.training.simulator.look import LOOKS
from road_clarity.training.simulator.render import Placed, Stage
from road_clarity.training.simulator.scenario import Scenario, compose, moments
from road_clarity.training.simulator.scenery import scenery
from road_clarity.training.simulator.street import Street

EYE_M = 1.4  # camera above the road
EYE_AHEAD_M = 0.5  # before the middle of the car, behind the windscreen
PITCH = math.radians(-1.5)
NOD = math.radians(0.22)  # pitch per m/s2: a braking car bows


@dataclass(frozen=True, eq=False)
class SimFrame:
    image: NDArray[np.uint8]  # (h, w, 3) RGB
    stamp_ns: int
    truth: Truth


def simulate(
    seed: int, scenario: str, size: tuple[int, int] = (640, 360), fps: float = 20.0,
    seconds: float = 10.0,
) -> Iterator[SimFrame]:  # fmt: skip
    """The frames of a scenario; size (width, height).  The same arguments give the same bytes."""
    return shoot(compose(scenario, seed), seed, size, fps, round(seconds * fps))


def shoot(
    scenario: Scenario, seed: int, size: tuple[int, int], fps: float, frames: int, every: int = 1
) -> Iterator[SimFrame]:
    """Every `every`th of the first `frames` frames."""
    stage = Stage(size, scenery(scenario.street, seed), LOOKS[scenario.look])
    try:
        for index, moment in zip(range(frames), moments(scenario, fps), strict=False):
            if index % every == 0:
                yield photograph(stage, scenario.street, moment, size, round(index * 1e9 / fps))
    finally:
        stage.close()


def photograph(
    stage: Stage, street: Street, moment: Moment, size: tuple[int, int], stamp_ns: int
) -> SimFrame:
    """One frame: what the car sees at that moment, and what is true."""
    camera = car_camera(street, moment.ego, size)
    shot = stage.draw(camera, placed(street, moment.others))
    known = truth(stamp_ns, street, moment, camera, shot.kinds, shot.identities, shot.depth_m)
    return SimFrame(shot.picture, stamp_ns, known)


def placed(street: Street, bodies: Sequence[Body]) -> list[Placed]:
    """Road users in the world."""
    s, d = (np.array([getattr(body, axis) for body in bodies]) for axis in "sd")
    heading = street.heading(s) + np.array([body.heading for body in bodies])
    places = np.column_stack([street.world(s, d), heading]).tolist()
    return [Placed(body, *place) for body, place in zip(bodies, places, strict=True)]


def car_camera(street: Street, ego: Body, size: tuple[int, int]) -> Camera:
    """The camera behind the windscreen."""
    (here,) = placed(street, [ego])
    cos, sin = math.cos(here.yaw), math.sin(here.yaw)
    position = (here.x + EYE_AHEAD_M * cos, here.y + EYE_AHEAD_M * sin, EYE_M)
    return Camera(size, position, here.yaw, PITCH + NOD * max(min(ego.acceleration, 3.0), -8.0))
