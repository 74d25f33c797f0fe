"""How TuSimple scores the lanes of one image (tusimple-benchmark, evaluate/lane.py).

Training chooses weights by it and evaluation reports it, so it stands below both.  M rows per lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PIXELS = 20.0  # how far a point may lie beside the lane, measured across it [px]
MATCHED = 0.85  # share of rows that makes a lane found
COUNTED = 4  # of more labelled lanes than this, the worst is forgiven
SLOWEST_MS = 200.0
SPARE_LANES = 2  # predictions beyond the labelled lanes before the image counts as failed
NOWHERE = -100.0  # column that stands for "not in this row"


class LaneScore(NamedTuple):
    accuracy: float  # share of label rows that are hit
    fp: float  # share of predicted lanes that match no label
    fn: float  # share of labelled lanes that nothing matches


def score_image(
    predicted: Sequence[Sequence[float]],
    labelled: Sequence[Sequence[float]],
    rows: Sequence[float],
    run_time_ms: float = 0.0,
) -> LaneScore:
    """predicted, labelled: per lane its column in every row, negative where absent; rows: (M,)"""
    if run_time_ms > SLOWEST_MS or len(predicted) > len(labelled) + SPARE_LANES:
        return LaneScore(0.0, 0.0, 1.0)
    y = np.asarray(rows, dtype=np.float64)
    found = [_present(lane) for lane in predicted]
    best = [
        max((_hit_rate(p, _present(truth), _tolerance(truth, y)) for p in found), default=0.0)
        for truth in labelled
    ]
    matched = sum(rate >= MATCHED for rate in best)
    missed, total = len(best) - matched, sum(best)
    if len(best) > COUNTED:
        missed, total = max(missed - 1, 0), total - min(best)
    counted = max(min(len(best), COUNTED), 1)
    false = (len(found) - matched) / len(found) if found else 0.0
    return LaneScore(total / counted, false, missed / counted)


def _present(lane: Sequence[float]) -> Array:
    columns = np.asarray(lane, dtype=np.float64)
    return np.where(columns >= 0, columns, NOWHERE)


def _tolerance(lane: Sequence[float], y: Array) -> float:
    """PIXELS across the lane, as columns: a flat lane crosses many columns per row."""
    x = np.asarray(lane, dtype=np.float64)
    seen = x >= 0
    slope = float(np.polyfit(y[seen], x[seen], 1)[0]) if seen.sum() > 1 else 0.0
    return PIXELS / float(np.cos(np.arctan(slope)))


def _hit_rate(predicted: Array, labelled: Array, tolerance: float) -> float:
    return float(np.mean(np.abs(predicted - labelled) < tolerance))
