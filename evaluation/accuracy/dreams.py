"""The world model's picture of one second ahead, over the last frame shown again; car view.

Real: the last tenth of the clips that leave room for a dream, the rest of which was learnt from.
Simulated: streets of seeds that no recipe uses for learning.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from road_clarity.evaluation.accuracy.figures import Figure, Part, figure, share
from road_clarity.evaluation.accuracy.roads import part
from road_clarity.evaluation.world_clip import FEWEST
from road_clarity.evaluation.world_pairs import KINDS, Pair, load_pairs
from road_clarity.evaluation.world_source import SECONDS, one_side
from road_clarity.evaluation.world_streets import simulated_clips, stories_of
from road_clarity.models.latent_lstm import STEP_S
from road_clarity.safety.horizon import HorizonErrors, horizon_errors
from road_clarity.training.world_clips import real_clips
from road_clarity.training.world_lstm import clip_errors

AHEAD_S = 1.0
SEEDS = range(20016, 20024)
LEAST_S = FEWEST * STEP_S  # of a clip
SHIPPED = "vae"  # that the pipeline takes
NOT_A_CAR = "pets"  # a camera on a mast


def world(data: Path) -> Part:
    """Raises BadInput."""
    began, pairs = perf_counter(), load_pairs("car")
    found: dict[str, Figure] = {}
    units = 0
    for kind in KINDS:
        rows = real_sums(data, pairs[kind])
        found[f"{kind}_real_ratio"] = figure(list(rows.values()), share(0, 1))
        cars = [row for name, row in rows.items() if not name.startswith(NOT_A_CAR)]
        found[f"{kind}_real_cars_ratio"] = figure(cars, share(0, 1))
        for name, row in rows.items() if kind == SHIPPED else ():
            found[f"{kind}_{name}_ratio"] = Figure(row[0] / row[1])
    for kind, streets in street_sums(pairs).items():
        units = len(streets)
        found[f"{kind}_simulated_ratio"] = figure(list(streets.values()), share(0, 1))
    names = [name for pair in pairs.values() for name in pair.weights]
    return part(names, "clip or street", units, began, found)


def real_sums(data: Path, pair: Pair) -> dict[str, list[float]]:
    """By clip the sums over its dreams."""
    clips = [c for c in real_clips(data) if c.rate_hz and len(c.frames) / c.rate_hz > LEAST_S]
    return {
        clip.name: summed(clip_errors(pair.autoencoder, pair.memory, [clip], AHEAD_S, testing=True))
        for clip in clips
    }


def street_sums(pairs: dict[str, Pair]) -> dict[str, dict[str, list[float]]]:
    """By network and seed the sums over the dreams in all its stories."""
    found: dict[str, dict[str, list[float]]] = {kind: {} for kind in pairs}
    clips = simulated_clips(SEEDS, stories_of("car", []), "car", one_side(pairs), SECONDS)
    for clip in clips:
        for kind, pair in pairs.items():
            more = summed(horizon_errors(pair.autoencoder, pair.memory, clip.x, [AHEAD_S]))
            sums = found[kind].get(clip.group, [0.0] * len(more))
            found[kind][clip.group] = [a + b for a, b in zip(sums, more, strict=True)]
    return found


def summed(errors: HorizonErrors) -> list[float]:
    """dreamt, copied, how many"""
    return [float(errors.dreamt.sum()), float(errors.copied.sum()), float(len(errors.dreamt))]
