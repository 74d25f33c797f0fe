"""Simulated streets as clips for the world model, with the road user that matters at each moment.

**Who matters** is the nearest conflicting road user.  From our car: whoever makes the moment
hazardous (danger.py: without a reaction the gap closes within 3 s), the soonest first.  To a
pedestrian: the vehicle that drives towards them and will be beside them soonest, within the same
3 s.  Where there is none, or too little of it is seen, nobody does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.world_clip import WorldClip, squeezed
from road_clarity.models.latent_lstm import STEP_S
from road_clarity.training.calm_streets import calm_streets, largest
from road_clarity.training.simulator.bodies import Body
from road_clarity.training.simulator.danger import GAP_M, HORIZON_S, SIDE_M, closer_than
from road_clarity.training.simulator.film import SimFrame, simulate
from road_clarity.training.simulator.ground_truth import Instance, Truth
from road_clarity.training.simulator.scenario import SCENARIOS, compose
from road_clarity.training.simulator.views import arrival_s, comes, view_of
from road_clarity.training.world_simulated import PX

SIZE = PX  # of the rendered frames, as the networks learnt


def stories_of(view: str, wanted: Sequence[str]) -> list[str]:
    """The scenarios that can be seen in this view: those wanted, or all.  Raises BadInput."""
    for story in wanted:
        view_of(view, compose(story, 0), SIZE, 1 / STEP_S)
    if wanted:
        return list(dict.fromkeys(wanted))
    led = [story for story in SCENARIOS if compose(story, 0).leading is not None]
    return list(SCENARIOS) if view == "car" else led


def simulated_clips(
    seeds: range, stories: list[str], view: str, side: int, seconds: float
) -> Iterator[WorldClip]:
    """One clip of every story for every seed."""
    for seed in seeds:
        for story in stories:
            shots = simulate(seed, story, SIZE, 1 / STEP_S, seconds, view=view)
            yield clip(f"{story}_{seed}", str(seed), list(shots), side)


def calm_clips(view: str, side: int) -> Iterator[WorldClip]:
    """A few moments without danger of many streets."""
    for story, seed, shots in calm_streets(view):
        yield clip(f"{story}_{seed}", str(seed), shots, side)


def clip(name: str, group: str, shots: list[SimFrame], side: int) -> WorldClip:
    frames = [squeezed(shot.image, side) for shot in shots]
    seen = tuple(largest(shot.truth) for shot in shots)
    matters = np.stack([coverage(shot.truth, side) for shot in shots])
    return WorldClip(name, group, np.stack(frames).astype(np.uint8), SIZE, seen, matters)


def coverage(truth: Truth, side: int) -> NDArray[np.float32]:
    """Share of each pixel that the road user who matters covers: (side, side)"""
    who = who_matters(truth)
    if who is None:
        return np.zeros((side, side), np.float32)
    return squeezed((truth.identities == who).astype(np.float32), side).astype(np.float32)


def who_matters(truth: Truth) -> int | None:
    """The identity of the nearest conflicting road user that is seen."""
    me = replace(truth.viewer, s=0.0, d=0.0)
    drives = truth.viewer is truth.ego
    soonest = {one.id: conflict_s(me, body(one), drives) for one in truth.instances}
    who = min(soonest, key=lambda id: soonest[id], default=None)
    return None if who is None or soonest[who] > HORIZON_S else who


def conflict_s(me: Body, other: Body, drives: bool) -> float:
    """Until the two conflict [s]; inf: they do not."""
    if drives:
        return closer_than(me, other, GAP_M, SIDE_M)
    return arrival_s(other, me) if other.label == "vehicle" and comes(other, me) else math.inf


def body(seen: Instance) -> Body:
    """Where the viewer stands is 0, 0."""
    along, across = seen.velocity
    heading = math.atan2(across, along) if along or across else 0.0
    speed = math.hypot(along, across)
    return Body(seen.id, seen.model, seen.ahead_m, seen.aside_m, heading, speed)
