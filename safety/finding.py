"""One line of an explanation while driving: where the world model's error comes from.

The whole account of a region is a RegionExplanation, and of its prediction a RegionPrediction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from road_clarity.models.latent_lstm import STEP_S
from road_clarity.safety.blame import MapShare
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import UNEXPLAINED, RegionExplanation
from road_clarity.safety.passage import LATENT
from road_clarity.safety.prediction_error import RegionPrediction
from road_clarity.safety.scene import Box

RECONSTRUCTION, PREDICTION = "reconstruction", "prediction"
MEMORY = "memory"  # in place of a layer
MOST_MAPS = 10  # told of a layer

Maps = tuple[tuple[str, float], ...]  # 'layer/channel' and its share, the largest first


@dataclass(frozen=True)
class Finding:
    about: str  # RECONSTRUCTION or PREDICTION
    region: Box  # [px] of the source image
    share: float  # of the error of the whole image
    layer: str  # where it is lost first; '' when it is not lost
    maps: Maps  # that are to blame
    text: str


def of_reconstruction(found: RegionExplanation) -> Finding:
    lost = found.cause is not Cause.REDRAWN
    return Finding(
        RECONSTRUCTION, found.box, found.error_share, found.layer,
        told(found.maps_of, found.maps) if lost else (),
        f"{found.error_share:.0%} of the redrawing's error, {found.times_worse:.1f} times the rest:"
        f" {found.verdict}",
    )  # fmt: skip


def of_prediction(
    expected: RegionPrediction, redrawn: RegionExplanation, faulty: bool = False
) -> Finding:
    """redrawn: the same region in the redrawing of the frame      faulty: the network itself is"""
    layer, maps, verdict = blamed(expected, redrawn, faulty)
    return Finding(
        PREDICTION, expected.box, expected.error_share, layer, maps,
        f"{expected.error_share:.0%} of the error of what was expected {STEP_S:g} s before,"
        f" {expected.times_worse:.1f} times the rest: {verdict}",
    )  # fmt: skip


def blamed(
    expected: RegionPrediction, redrawn: RegionExplanation, faulty: bool
) -> tuple[str, Maps, str]:
    """Layer, maps and verdict of a prediction."""
    of_redrawing = redrawn.layer, told(redrawn.maps_of, redrawn.maps)
    if faulty:
        return *of_redrawing, redrawn.verdict
    if expected.unexplained < UNEXPLAINED:
        return "", (), "as expected"
    if expected.latents:
        first = expected.latents[0].channel
        return MEMORY, told(LATENT, expected.latents), f"not foreseen, most of all latent {first}"
    if redrawn.cause is Cause.REDRAWN:
        return "", (), "little of it was not foreseen, and little is not redrawn"
    return *of_redrawing, f"foreseen, but {redrawn.verdict}"


def told(layer: str, maps: Iterable[MapShare]) -> Maps:
    return tuple((f"{layer}/{one.channel}", one.share) for one in list(maps)[:MOST_MAPS])
