"""How well a segmentation matches: confusion matrix, intersection over union, pixel accuracy.

As CamVid and Cityscapes count: one confusion matrix over all images, then a class's score is
true positives / (true positives + false positives + false negatives).  K classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Confusion = NDArray[np.int64]  # (K, K + 1) pixels: row what it is, column what was said, last: none


def empty(classes: int) -> Confusion:
    """Nothing was compared yet."""
    return np.zeros((classes, classes + 1), np.int64)


def confusion(truth: NDArray[np.uint8], said: NDArray[np.uint8], classes: int) -> Confusion:
    """Pixels whose truth is not one of the classes (void) do not count.  Shapes are equal."""
    counts = truth < classes
    columns = np.minimum(said[counts], classes)
    pairs = truth[counts].astype(np.int64) * (classes + 1) + columns
    return np.bincount(pairs, minlength=classes * (classes + 1)).reshape(classes, classes + 1)


def iou(matrix: Confusion) -> NDArray[np.float64]:
    """(K,) per class; nan for a class that neither is nor was said anywhere."""
    hit = np.diag(matrix)
    either = matrix.sum(axis=1) + matrix[:, :-1].sum(axis=0) - hit
    out = np.full(len(matrix), np.nan)
    np.divide(hit, either, out=out, where=either > 0)
    return out


def mean_iou(matrix: Confusion, of_truth_only: bool = False) -> float:
    """Over the classes that occur; of_truth_only: that occur in the truth."""
    each = iou(matrix)
    return float(np.nanmean(each[matrix.any(axis=1)] if of_truth_only else each))


def frequency_iou(matrix: Confusion) -> float:
    """Each class weighs as many pixels as it has in the truth."""
    return float(np.nansum(iou(matrix) * matrix.sum(axis=1)) / matrix.sum())


def pixel_accuracy(matrix: Confusion) -> float:
    """Share of the pixels that count whose class was said right."""
    return float(np.trace(matrix) / matrix.sum())
