"""Simulated clips for the world model, of the car's view or a pedestrian's; rendered once.

N frames of a clip; S their side [px].
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from road_clarity.training.checkpoint import put_aside
from road_clarity.training.simulator.film import shoot, simulate
from road_clarity.training.simulator.scenario import SCENARIOS, compose
from road_clarity.training.simulator.views import VIEWS
from road_clarity.training.world_clips import CHECKED, LEARNT, TESTED, Clip, Ends, shrink

HZ, SECONDS, PX = 10.0, 6.0, (192, 108)
FIRST_SEED = 1000  # of the scenarios that are learnt from
FIRST_GLIMPSED = 2000  # seed of the streets of which only moments are learnt from
MOMENTS, APART = 5, 12  # of each, and frames from one to the next
# One story for each of these seeds, in turn; recipes learn from seeds below 10000 only.
CHECKED_SEEDS, TESTED_SEEDS = range(20000, 20016), range(20016, 20032)
CALM = ("calm_drive", "crossing", "parked_street", "pedestrian_walks_on", "pedestrian_waits")


def stories(view: str) -> list[str]:
    """All scenarios that can be seen in this view."""
    assert view in VIEWS
    return [name for name in SCENARIOS if view == "car" or compose(name, 0).leading is not None]


def simulated_clips(view: str, side: int, seeds: int, cache: Path) -> list[Clip]:
    """Every story with as many seeds, and the held-out clips: from `cache`, or rendered into it."""
    known = stories(view)
    wanted: list[tuple[str, int, Ends]] = [
        (story, seed, LEARNT) for seed in range(FIRST_SEED, FIRST_SEED + seeds) for story in known
    ]
    for held_out, ends in ((CHECKED_SEEDS, CHECKED), (TESTED_SEEDS, TESTED)):
        wanted += [(known[seed % len(known)], seed, ends) for seed in held_out]
    cache.mkdir(parents=True, exist_ok=True)
    return [
        Clip(f"{story}_{seed}", frames(view, story, seed, side, cache), HZ, True, ends,
             story in CALM)
        for story, seed, ends in wanted
    ]  # fmt: skip


def glimpses(view: str, side: int, streets: int, cache: Path) -> list[Clip]:
    """Single pictures of so many streets, one story each, in turn.

    What an autoencoder has not met, it draws badly, and a street costs less than its every frame.
    """
    known = stories(view)
    cache.mkdir(parents=True, exist_ok=True)
    wanted = [(known[s % len(known)], s) for s in range(FIRST_GLIMPSED, FIRST_GLIMPSED + streets)]
    return [
        Clip(f"{story}_{seed}", moments(view, story, seed, side, cache), 0.0, True, LEARNT,
             story in CALM)
        for story, seed in wanted
    ]  # fmt: skip


def moments(view: str, story: str, seed: int, side: int, cache: Path) -> NDArray[np.uint8]:
    """(MOMENTS, S, S, 3)"""
    path = cache / f"{view}_{story}_{seed}_{side}_moments.npy"
    if not path.is_file():
        scenario, count = compose(story, seed), MOMENTS * APART
        shots = shoot(scenario, seed, PX, HZ, count, APART, view)
        made = np.stack([shrink(shot.image, side) for shot in shots])
        put_aside(path, lambda new: save(new, made))
    return np.asarray(np.load(path))


def frames(view: str, story: str, seed: int, side: int, cache: Path) -> NDArray[np.uint8]:
    """(N, S, S, 3)"""
    path = cache / f"{view}_{story}_{seed}_{side}.npy"
    if not path.is_file():
        shots = simulate(seed, story, PX, HZ, SECONDS, view=view)
        made = np.stack([shrink(shot.image, side) for shot in shots])
        put_aside(path, lambda new: save(new, made))
    return np.asarray(np.load(path))


def save(path: Path, made: NDArray[np.uint8]) -> None:
    with path.open("wb") as file:  # np.save would add a suffix of its own
        np.save(file, made)
