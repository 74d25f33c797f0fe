"""Moments and bundles that need no network and no torch."""

from __future__ import annotations

import numpy as np

from road_clarity.pipeline.events import EventConfig, EventRecorder, Moment
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import Latent, Reason, Risk, Scene, Segmentation, World

SECOND_NS = 1_000_000_000
SPACE = "vae_edge@abababababab"


def made_moment(index: int, level: str = "high", score: float = 0.8, place=(0.0, 0.0)) -> Moment:
    """Frame `index` of a camera with ten frames per second; place: where its scene lies."""
    stamp_ns = index * SECOND_NS // 10
    image = np.full((48, 64, 3), 10 * index % 250, np.uint8)
    where = np.asarray(place, np.float32)
    world = World(
        stamp_ns, 0.02, 0.5, np.zeros((8, 8), np.float32), 1.0, 0.5, 0.5, 0.25, "calm-1",
        np.zeros((8, 8, 3), np.uint8), None, Latent(2 * where, where, SPACE),
    )  # fmt: skip
    classes = Segmentation(stamp_ns, np.full((6, 8), 3, np.uint8), (64, 48))
    scene = Scene(index, stamp_ns, (64, 48), None, classes, None, world, ())
    reason = Reason("corridor.person", score, (20.0, 10.0, 30.0, 40.0), "person 7 is in the way")
    calm = level == "nominal"
    risk = Risk(stamp_ns, 0.0 if calm else score, level, () if calm else (reason,))
    return Moment(Frame(index, stamp_ns, image), scene, risk)


def made_events(folder, places=((0.0, 0.0),), **config):
    """An evidence folder with one event of three frames for each of the places."""
    recorder = EventRecorder(folder, {"vae_edge": "ab" * 32}, EventConfig(**config))
    for number, place in enumerate(places):
        for step in range(3):
            recorder.see(made_moment(100 * number + step, place=place), "street")
    recorder.close()
    return folder
