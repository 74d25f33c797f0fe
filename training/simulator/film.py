"""A scenario as a sequence of frames with ground truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.training.simulator.bodies import Body, Moment
from road_clarity.training.simulator.ground_truth import Truth, truth
from road_clarity.training.simulator.look import LOOKS
from road_clarity.training.simulator.puppets import Placed
from road_clarity.training.simulator.render import Stage
from road_clarity.training.simulator.scenario import Scenario, compose, moments
from road_clarity.training.simulator.scenery import lamp_heads, scenery
from road_clarity.training.simulator.street import Street
from road_clarity.training.simulator.views import Sight, View, view_of


@dataclass(frozen=True, eq=False)
class SimFrame:
    image: NDArray[np.uint8]  # (h, w, 3) RGB
    stamp_ns: int
    truth: Truth


def simulate(
    seed: int, scenario: str, size: tuple[int, int] = (640, 360), fps: float = 20.0,
    seconds: float = 10.0, view: str = "car", look: str | None = None,
) -> Iterator[SimFrame]:  # fmt: skip
    """The frames of a scenario; size (width, height).  The same arguments give the same bytes.

    view: through whose eyes, one of views.VIEWS; look: one of look.LOOKS, else the seed chooses"""
    story = compose(scenario, seed)
    if look is not None:
        if look not in LOOKS:
            raise BadInput("look", look, f"choose one of {', '.join(LOOKS)}")
        story = replace(story, look=look)
    return shoot(story, seed, size, fps, max(round(seconds * fps), 1), view=view)


def shoot(
    scenario: Scenario, seed: int, size: tuple[int, int], fps: float, frames: int, every: int = 1,
    view: str = "car",
) -> Iterator[SimFrame]:  # fmt: skip
    """Every `every`th of the first `frames` frames."""
    eyes = view_of(view, scenario, size, fps)
    return filmed(scenario, eyes, seed, size, fps, range(0, frames, every))


def filmed(
    scenario: Scenario, eyes: View, seed: int, size: tuple[int, int], fps: float, wanted: range
) -> Iterator[SimFrame]:
    """The frames whose index is wanted; the eyes see them all."""
    street = scenario.street
    stage = Stage(size, scenery(street, seed), LOOKS[scenario.look], lamp_heads(street))
    try:
        for index, moment in zip(range(wanted.stop), moments(scenario, fps), strict=False):
            sight = eyes(moment)
            if index in wanted:
                stamp_ns = round(index * 1e9 / fps)
                yield photograph(stage, street, moment, sight, stamp_ns)
    finally:
        stage.close()


def photograph(
    stage: Stage, street: Street, moment: Moment, sight: Sight, stamp_ns: int
) -> SimFrame:
    """One frame: what is seen at that moment, and what is true."""
    *seen, viewer = placed(street, (*sight.bodies, sight.viewer))
    shot = stage.draw(sight.camera, seen, viewer)
    known = truth(stamp_ns, street, moment, sight, shot.kinds, shot.identities, shot.depth_m)
    return SimFrame(shot.picture, stamp_ns, known)


def placed(street: Street, bodies: Sequence[Body]) -> list[Placed]:
    """Road users in the world."""
    s, d = (np.array([getattr(body, axis) for body in bodies]) for axis in "sd")
    heading = street.heading(s) + np.array([body.heading for body in bodies])
    places = np.column_stack([street.world(s, d), heading]).tolist()
    return [Placed(body, *place) for body, place in zip(bodies, places, strict=True)]
