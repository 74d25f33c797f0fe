"""Lane samples from the simulator: exact lines on roads that no data set here shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from road_clarity.training.lane_data import SAMPLE_SIZE, LaneSample, Points
from road_clarity.training.simulator.film import SimFrame, shoot
from road_clarity.training.simulator.scenario import SCENARIOS, compose

FIRST_SEED = 7000  # evaluation uses small seeds
SEEDS = 3  # streets per scenario
FPS, SECONDS, EVERY = 10.0, 10, 20  # one frame in 2 s: 5 per street
SHOWN = "demo"  # kept for looking at


def simulated_samples() -> list[LaneSample]:
    """A few frames of every scenario but the demo's."""
    streets = [(n, s) for n in SCENARIOS if n != SHOWN for s in range(SEEDS)]
    samples = []
    for name, number in streets:
        seed = FIRST_SEED + number
        film = shoot(compose(name, seed), seed, SAMPLE_SIZE, FPS, int(FPS * SECONDS), EVERY)
        samples += [as_sample(frame) for frame in film]
    return samples


def as_sample(frame: SimFrame) -> LaneSample:
    """Simulated pixels begin at their left edge, a sample's at their centre."""
    lanes = {lane.id: to_the_bottom(np.array(lane.points) - 0.5) for lane in frame.truth.lanes}
    return LaneSample(frame.image, lanes)


def to_the_bottom(points: NDArray[np.float64]) -> Points:
    """The line (N, 2), from the bottom upwards, led on straight under the car as labellers do."""
    (x0, y0), (x1, y1) = points[0], points[1]
    bottom = SAMPLE_SIZE[1]
    led_on = (x0 + (bottom - y0) * (x0 - x1) / (y0 - y1), bottom)
    return np.concatenate([[led_on], points]).astype(np.float32)
