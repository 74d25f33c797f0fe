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
    truths, found = (_present(lanes, len(rows)) for lanes in (labelled, predicted))
    beside = np.abs(found - truths[:, None])  # (labelled, predicted, M)
    tolerances = np.array([_tolerance(lane, rows) for lane in labelled])
    hits = (beside < tolerances.reshape(-1, 1, 1)).mean(axis=2)
    best = hits.max(axis=1, initial=0.0).tolist()
    matched = sum(rate >= MATCHED for rate in best)
    missed, total = len(best) - matched, sum(best)
    if len(best) > COUNTED:
        missed, total = max(missed - 1, 0), total - min(best)
    counted = max(min(len(best), COUNTED), 1)
    false = (len(found) - matched) / max(len(found), 1)
    return LaneScore(total / counted, false, missed / counted)


def _present(lanes: Sequence[Sequence[float]], rows: int) -> Array:
    """(lanes, M)"""
    columns = np.asarray(lanes, dtype=np.float64).reshape(len(lanes), rows)
    return np.where(columns >= 0, columns, NOWHERE)


def _tolerance(lane: Sequence[float], rows: Sequence[float]) -> float:
    """PIXELS across the lane, as columns: a flat lane crosses many columns per row."""
    x, y = np.asarray(lane, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    return PIXELS / float(np.cos(np.arctan(_slope(x[x >= 0], y[x >= 0]))))


def _slope(x: Array, y: Array) -> float:
    """Columns per row of the least-squares line; 0 through a single point or row.

    By LAPACK, as scikit-learn does for the official script: a point just at the tolerance of a
    lane of slope 0.75 hangs on the last bit.
    """
    if len(x) < 2:
        return 0.0
    aside, down = x - x.mean(), y - y.mean()
    return float(np.linalg.lstsq(down[:, None], aside)[0][0])
