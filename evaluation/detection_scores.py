"""How well a score tells strange from calm: AUROC, average precision, FPR at 95 % recall.  Exact.

Larger scores are stranger.  AP as scikit-learn's average_precision_score, ties taken together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
RECALL = 0.95


def detection_scores(calm: Scores, strange: Scores) -> dict[str, float | None]:
    """auroc, ap, fpr95; None without calm or without strange ones.  nan counts as strangest."""
    ours, theirs = (np.nan_to_num(one.astype(float), nan=np.inf) for one in (calm, strange))
    values, at = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
    calm_at, strange_at = at[: len(ours)], at[len(ours) :]
    return from_counts(
        np.bincount(calm_at, minlength=len(values)), np.bincount(strange_at, minlength=len(values))
    )


def from_counts(calm: NDArray[np.int64], strange: NDArray[np.int64]) -> dict[str, float | None]:
    """The same, of how many there are at each value, values rising."""
    if not calm.sum() or not strange.sum():
        return {"auroc": None, "ap": None, "fpr95": None}
    # from the strangest value downwards: what a threshold at that value lets through
    found = np.concatenate([[0], np.cumsum(strange[::-1])]) / strange.sum()
    false = np.concatenate([[0], np.cumsum(calm[::-1])])
    wrong = false / calm.sum()
    auroc = float(np.sum(np.diff(wrong) * (found[1:] + found[:-1]) / 2))
    hits = found[1:] * strange.sum()
    precision = hits / np.maximum(hits + false[1:], 1)
    ap = float(np.sum(np.diff(found) * precision))
    fpr95 = float(wrong[np.argmax(found >= RECALL - 1e-12)])
    return {"auroc": auroc, "ap": ap, "fpr95": fpr95}
