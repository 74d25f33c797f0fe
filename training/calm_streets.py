"""Simulated streets in moments without danger, and their road users: what is usual to see.

Every story that the view has in its turn; recipes may have learnt from these seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from road_clarity.models.latent_lstm import STEP_S
from road_clarity.safety.scene import Box
from road_clarity.training.simulator.film import SimFrame, shoot
from road_clarity.training.simulator.ground_truth import Truth
from road_clarity.training.simulator.scenario import compose
from road_clarity.training.world_simulated import PX, stories

CALM_SEEDS = range(9000, 9050)
CALM_FRAMES, CALM_EVERY = 8, 7  # of each street, and steps from one to the next
LARGEST = 3  # road users of a frame whose boxes are kept
LEAST_BOX_PX = (6.0, 4.0)  # width and height of such a box
MOST_SHARE = 0.25  # of the frame that such a box covers: around it, the street must be seen


class CalmStreet(NamedTuple):
    story: str
    seed: int
    shots: list[SimFrame]  # one at least


def calm_streets(view: str) -> Iterator[CalmStreet]:
    """view: car or pedestrian"""
    known = stories(view)
    for seed in CALM_SEEDS:
        story = known[seed % len(known)]
        steps = CALM_FRAMES * CALM_EVERY
        shots = shoot(compose(story, seed), seed, PX, 1 / STEP_S, steps, CALM_EVERY, view)
        calm = [shot for shot in shots if not shot.truth.hazardous]
        if calm:
            yield CalmStreet(story, seed, calm)


def largest(truth: Truth) -> tuple[Box, ...]:
    """The boxes of the road users of which most is seen, the largest first."""
    order = sorted(truth.instances, key=lambda one: (-one.pixels, one.id))
    kept = [one.box for one in order if can_be_asked_about(one.box)]
    return tuple(kept[:LARGEST])


def can_be_asked_about(box: Box) -> bool:
    """Neither too small to tell apart nor so large that there is nothing to tell it from."""
    width, height = box[2] - box[0], box[3] - box[1]
    small = width < LEAST_BOX_PX[0] or height < LEAST_BOX_PX[1]
    return not small and width * height <= MOST_SHARE * PX[0] * PX[1]
