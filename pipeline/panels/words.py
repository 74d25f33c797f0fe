"""The cause in plain words, for those who do not know the networks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.latent_lstm import STEP_S
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import RegionExplanation
from road_clarity.safety.foresight import Foresight

ORDINARY = 0.05  # share of calm frames that are as bad, from which on nothing is wrong
FORESEEN = 1.5  # times the error of redrawing, up to which a frame counts as foreseen
RECENT = 5  # steps before the frame that count as its immediate past
FEW = 3  # channels that a sentence names


def why_redrawn_badly(label: str, region: RegionExplanation, p_value: float) -> str:
    """What happened to the object, and how much of the error that is.

    p_value: of calm frames, how many are redrawn as badly, 0..1; nan when not known
    """
    damaged = region.cause in (Cause.DEAD_CHANNEL, Cause.BROKEN_LAYER)
    ordinary = "Ordinary: " if p_value >= ORDINARY and not damaged else ""
    rarity = f"{ordinary}{p_value:.1%} of calm frames are redrawn at least as badly. "
    place = f"on {label}" if damaged else "there"
    share = (
        f"{region.error_share:.0%} of the frame's error lies {place}, "
        f"{region.times_worse:.1f} times as dense as elsewhere."
    )
    return f"{rarity if math.isfinite(p_value) else ''}{fate(label, region)} {share}"


def fate(label: str, region: RegionExplanation) -> str:
    """One sentence that begins with the object or the layer."""
    name, layer = label[:1].upper() + label[1:], region.layer
    match region.cause:
        case Cause.REDRAWN:
            held = max(0.0, 1.0 - region.unexplained)
            return f"{name} counts as redrawn: the picture holds {held:.0%} of its contrast."
        case Cause.RESOLUTION:
            return f"{name} is too small: it does not fill half a cell of {layer}."
        case Cause.OUT_OF_DISTRIBUTION:
            return (
                f"{name} is unlike the road users of the calm frames; {layer} is the first to tell."
            )
        case Cause.BOTTLENECK:
            return f"{name} reaches the last layer of the encoder, but the latent does not hold it."
        case Cause.DECODER:
            return f"The latent holds {label}, but {layer} does not draw it."
        case Cause.DEAD_CHANNEL:
            return f"{layer} is damaged: {silent(region)} silent, which always spoke."
    return f"{layer} is damaged: it answers unlike on any calm frame."


def silent(region: RegionExplanation) -> str:
    """'channel 5 is' or 'channels 5, 7 and 9 are': those with a share, the first few."""
    channels = [str(one.channel) for one in region.maps if one.share > 0.0]
    if len(channels) == 1:
        return f"channel {channels[0]} is"
    if len(channels) > FEW:
        return f"{len(channels)} channels, {', '.join(channels[:FEW])} among them, are"
    return f"channels {', '.join(channels[:-1])} and {channels[-1]} are"


def times_redrawn(seen: Foresight, ahead: int) -> float:
    """Error of what was expected over that of redrawing the frame."""
    return float(seen.dreamt[ahead - 1]) / max(seen.redrawn, 1e-9)


def well_foreseen(seen: Foresight, ahead: int) -> bool:
    return times_redrawn(seen, ahead) <= FORESEEN


def why_predicted_badly(
    seen: Foresight, ahead: int, shares: NDArray[np.float64], surprise: NDArray[np.float64]
) -> str:
    """seen: guesses at the frame      ahead: steps of the guess shown      shares: of past steps"""
    oldest_s = f"{len(shares) * STEP_S:.1f} s"
    rests = (
        f"{shares[0]:.0%} of what it expected rests on the scene as it was {oldest_s} before, "
        f"{shares[1:][-RECENT:].sum():.0%} on what changed in the last "
        f"{RECENT * STEP_S:.1f} s."
    )
    return f"{foreseen(seen, ahead, surprise)} {rests}"


def foreseen(seen: Foresight, ahead: int, surprise: NDArray[np.float64]) -> str:
    """Whether the frame was seen coming; if not, when the memory noticed."""
    ahead_s = f"{ahead * STEP_S:.1f} s"
    times = times_redrawn(seen, ahead)
    if well_foreseen(seen, ahead):
        return f"{ahead_s} before, the frame was foreseen about as well as it can be redrawn."
    worse = bool(seen.dreamt[ahead - 1] > seen.copied[ahead - 1])
    against = "more wrong than" if worse else "still less wrong than"
    noticed = int(np.nanargmax(surprise[-ahead:])) - ahead + 1
    when = "at the frame itself" if noticed == 0 else f"{-noticed * STEP_S:.1f} s before it"
    return (
        f"{ahead_s} before, the frame was expected {times:.1f} times as wrong as it is redrawn, "
        f"{against} the last picture shown again; what differed most from expectation came {when}."
    )
