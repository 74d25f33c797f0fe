"""Strangeness: how rare the errors of the world model are on calm roads."""

from __future__ import annotations

import math

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.error_region import error_region, error_share
from road_clarity.safety.risk import Cause, ramp
from road_clarity.safety.scene import World


def anomaly(world: World, size: tuple[int, int], config: SafetyConfig) -> list[Cause]:
    """How rare the errors of the world model are on calm roads."""
    region = error_region(world.error_map, size)
    share = error_share(world.error_map, size, region) if region else 0.0
    badly = (
        f"{world.error_p:.1%} of calm frames are redrawn as badly; {share:.0%} of the error is here"
    )
    startled = f"{world.surprise_p:.1%} of calm moments surprise the world model as much"
    drawn = config.reconstruction_weight * rarity(world.error_p, config)
    expected = config.surprise_weight * rarity(world.surprise_p, config)
    return [
        Cause("anomaly.reconstruction", drawn, region, badly),
        Cause("anomaly.surprise", expected, None, startled),
    ]


def rarity(p: float, config: SafetyConfig) -> float:
    """0 at the p-value strange_p, 1 at absurd_p, straight on a log scale between."""
    return ramp(-math.log(max(p, 1e-12)), -math.log(config.strange_p), -math.log(config.absurd_p))
