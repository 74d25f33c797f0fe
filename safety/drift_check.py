"""What a calibration says of footage after the fact: clips flagged, and whether it still fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from road_clarity.safety.calibration import Calibration
from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.exchangeability import SIGNIFICANCE, Exchangeability


@dataclass(frozen=True)
class Drift:
    """Of footage that is judged with a calibration."""

    calibration_id: str
    alpha: float
    threshold: float  # [points]
    clips: int
    flagged: int  # of them
    faults: int  # of the flagged
    value: float  # largest value of the test so far, 1 at the start
    limit: float  # of the value, from which the promise is withdrawn
    state: str  # as of safety.scene.Promise: 'holds', 'withdrawn' or 'void'
    text: str


def drift_of(
    calibration: Calibration, condition: str, clips: Sequence[Clip], differences: Sequence[str]
) -> Drift:
    """clips: in order of time      differences: why the calibration is not valid for them"""
    bin = calibration.bin(condition)
    test = Exchangeability(bin.maxima, seed=int(calibration.id, 16))
    for clip in clips:
        test.see(clip.maximum)
    state, text = "holds", bin.note
    if test.refuted:
        state, text = "withdrawn", "the clips are unlike those of the calibration; calibrate again"
    if differences:
        state, text = "void", "; ".join(differences)
    return Drift(
        calibration_id=calibration.id,
        alpha=calibration.alpha,
        threshold=bin.threshold,
        clips=len(clips),
        flagged=sum(clip.maximum >= bin.threshold for clip in clips),
        faults=sum(math.isinf(clip.maximum) for clip in clips),
        value=test.peak,
        limit=1 / SIGNIFICANCE,
        state=state,
        text=text,
    )
