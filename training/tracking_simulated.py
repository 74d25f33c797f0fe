"""Road users of rendered streets, whose boxes and identities are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from road_clarity.training.simulator.film import SimFrame
from road_clarity.training.simulator.samples import training_samples
from road_clarity.training.tracking_pairs import Sighting
from road_clarity.training.tracking_sources import Tracklet

FIRST_SEED = 7000  # evaluation uses small seeds
FRAMES = 224  # of 14 scenes
SIZE = (640, 360)  # width, height [px]
FPS = 10
SMALLEST_PX = 12  # side of a box


def simulated_tracklets() -> list[Tracklet]:
    """Everybody who is seen in some short scenes."""
    return tracklets(islice(training_samples(FIRST_SEED, SIZE), FRAMES))


def tracklets(frames: Iterable[SimFrame]) -> list[Tracklet]:
    """One per road user and scene; a scene begins at time 0."""
    found: dict[tuple[int, int], list[Sighting]] = defaultdict(list)
    scene = 0
    for frame in frames:
        scene += frame.stamp_ns == 0
        index = round(frame.stamp_ns * 1e-9 * FPS)
        for one in frame.truth.instances:
            if min(one.box[2] - one.box[0], one.box[3] - one.box[1]) >= SMALLEST_PX:
                found[scene, one.id].append(Sighting(frame.image, one.box, index))
    return [tuple(one) for one in found.values()]
