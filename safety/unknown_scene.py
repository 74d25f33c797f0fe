"""The monitor of unknown scenes: what all scorers together say, and which of them is loudest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.error_region import error_region
from road_clarity.safety.monitors.strangeness import rarity
from road_clarity.safety.risk import Cause
from road_clarity.safety.scene import Box, Scene, Unknown

SAYS = {
    "reconstruction": "the world model redraws it badly",
    "latent": "it lies far out in the world model's latent space",
    "features": "the networks' features are far from those of any calm frame",
    "energy": "no class of the segmentation speaks up",
    "entropy": "the segmentation cannot decide",
    "statistics": "sharpness, exposure or colour are unlike a healthy camera's",
    "exposure": "it resembles spoilt frames",
}


def unknown_scene(scene: Scene, config: SafetyConfig) -> list[Cause]:
    """How rare all scorers together are on calm frames; nothing where nobody looked for it."""
    unknown = scene.unknown
    if unknown is None:
        return []
    points = config.unknown_weight * rarity(unknown.p_value, config)
    name = loudest(unknown)
    text = (
        f"{unknown.p_value:.1%} of calm frames are as strange; loudest is {name}: "
        f"{SAYS[name]} ({unknown.scorers[name]:.1%})"
    )
    return [Cause("anomaly.unknown_scene", points, region(scene, name), text)]


def loudest(unknown: Unknown) -> str:
    """The scorer that finds the frame strangest; of several the first."""
    return min(SAYS, key=lambda name: unknown.scorers[name])


def region(scene: Scene, name: str) -> Box | None:
    """Where the scorer sees it [px]; None for a scorer of the whole frame."""
    if name == "reconstruction" and scene.world is not None:
        return error_region(scene.world.error_map, scene.size)
    if name in ("energy", "entropy") and scene.segmentation is not None:
        energy = scene.segmentation.energy
        return None if energy is None else error_region(above_usual(energy), scene.size)
    return None


def above_usual(energy: NDArray[np.float32]) -> NDArray[np.float32]:
    """What lies above the median of the frame: (h, w) >= 0"""
    return np.asarray(np.maximum(energy - np.median(energy), 0.0), np.float32)
