"""How high the alarm score of a whole clip goes on nominal footage: conformal calibration.

A threshold made from single frames does not bound alarms, as the frames of a drive resemble each
other.  So one number is taken from every nominal clip, its maximum, and the threshold is a quantile
of those: the chance that a further clip, exchangeable with them, reaches it is at most alpha
(Vovk et al. 2005, Algorithmic Learning in a Random World, chapters 2 and 4.6 on conditions).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from road_clarity.models.errors import BadInput

DIGITS = 6  # of points: sums that should be equal are equal, on every machine
LEAST_POINTS = 0.05  # fewer flag nothing, however calm the calibration clips were
ALL = "all"  # the condition of clips of every condition together


@dataclass(frozen=True)
class Clip:
    """A nominal clip."""

    name: str
    condition: str
    sha256: str  # of what was perceived in it
    maximum: float  # of the alarm score [points]; inf: a fault


@dataclass(frozen=True)
class Bin:
    """The clips that a drive in one condition is compared with."""

    condition: str  # ALL: those of every condition
    maxima: tuple[float, ...]
    threshold: float  # of the alarm score; a clip that reaches it is flagged [points]
    note: str = ""  # why these are not the clips of the condition that was asked for


def checked(clips: Sequence[Clip]) -> tuple[Clip, ...]:
    """Raises BadInput: no clips, the same clip twice, a maximum that is no score."""
    if not clips:
        raise BadInput("clips", 0, "give nominal footage of at least half a clip's length")
    seen: dict[str, str] = {}
    for clip in clips:
        if not clip.maximum >= 0.0:
            raise BadInput("clip", clip.name, f"its maximum is {clip.maximum}, which is no score")
        if clip.sha256 in seen:
            remedy = f"is the same as {seen[clip.sha256]}; every clip counts once"
            raise BadInput("clip", clip.name, remedy)
        seen[clip.sha256] = clip.name
    return tuple(clips)


def p_value(maxima: Sequence[float], score: float) -> float:
    """Share of nominal clips that reach the score, counting the asking one; nan is beyond all."""
    reached = 0 if math.isnan(score) else sum(one >= score for one in maxima)
    return (1 + reached) / (len(maxima) + 1)


def least_alpha(maxima: Sequence[float]) -> float:
    """The smallest alpha that these clips can promise; a faulty clip is flagged in any case."""
    return p_value(maxima, math.inf)


def threshold(maxima: Sequence[float], alpha: float) -> float:
    """The least score [points] whose p-value is at most alpha.  Raises BadInput."""
    if not 0.0 < alpha < 1.0:
        raise BadInput("alpha", alpha, "must be a share of clips between 0 and 1, such as 0.05")
    least = least_alpha(maxima)
    spare = math.floor(alpha * (len(maxima) + 1) + 1e-9) - 1  # clips that may reach it
    if alpha < least - 1e-12 or spare < 0:
        faults = sum(map(math.isinf, maxima))
        why = f", {faults} of them with faults," if faults else ""
        remedy = f"{len(maxima)} clips{why} can promise {least:.3g} at the least; add nominal clips"
        raise BadInput("alpha", alpha, remedy)
    beyond = sorted(maxima, reverse=True)[spare]
    return max(round(beyond + 10.0**-DIGITS, DIGITS), LEAST_POINTS)


def bin_for(clips: Sequence[Clip], condition: str, alpha: float) -> Bin:
    """The bin of a drive in `condition`; empty: any.  Raises BadInput where all are too few.

    A condition with too few clips for alpha falls back to all clips, and the note says so.
    """
    every = tuple(clip.maximum for clip in clips)
    if condition not in ("", ALL):
        own = tuple(clip.maximum for clip in clips if clip.condition == condition)
        if own and least_alpha(own) <= alpha + 1e-12:
            return Bin(condition, own, threshold(own, alpha))
        note = f"{len(own)} clips of {condition} are too few for {alpha:g}: all {len(every)} count"
        return Bin(ALL, every, threshold(every, alpha), note)
    return Bin(ALL, every, threshold(every, alpha))
