"""Frames for training: many scenarios, few frames of each, far enough apart to differ."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from road_clarity.training.simulator.film import SimFrame, shoot
from road_clarity.training.simulator.scenario import SCENARIOS, compose


def training_samples(
    first_seed: int, size: tuple[int, int], every_s: float = 0.5, per_scene: int = 16
) -> Iterator[SimFrame]:
    """Without an end: `per_scene` frames, `every_s` apart, of one scenario and seed after another.

    Building a street takes as long as some ten frames."""
    fps = 10.0
    every = round(every_s * fps)
    for seed in count(first_seed):
        name = list(SCENARIOS)[seed % len(SCENARIOS)]
        yield from shoot(compose(name, seed), seed, size, fps, per_scene * every, every)
