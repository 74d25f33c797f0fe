"""What the networks still say of a spoilt frame, held against what they said of the clean one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.anomaly_look import Seen
from road_clarity.safety.scene import CLASSES, Lane, Lanes

EGO = (2, 3)  # the lines that bound the car's lane
NEAR = 0.03  # how far apart two answers may be to be one line, on average [image widths]


def agreement(clean: Sequence[Seen], spoilt: Sequence[Seen]) -> dict[str, float | None]:
    """lanes_kept: share of the ego lines of the clean frames that are still found at their place;
    miou: of the classes against the clean frames' answers.  None where there is nothing to keep."""
    pairs = list(zip(clean, spoilt, strict=True))
    kept = [still for before, after in pairs for still in lines_kept(before, after)]
    counts = sum((confusion(a.classes.classes, b.classes.classes) for a, b in pairs),
                 np.zeros((len(CLASSES), len(CLASSES)), np.int64))  # fmt: skip
    return {"lanes_kept": float(np.mean(kept)) if kept else None, "miou": miou(counts)}


def lines_kept(before: Seen, after: Seen) -> list[bool]:
    """Of every ego line of the clean frame, whether it is still there."""
    width = before.classes.size[0]
    theirs = {lane.id: lane for lane in after.lanes.lanes}
    return [
        lane.id in theirs and apart(lane, theirs[lane.id]) < NEAR * width
        for lane in ego(before.lanes)
    ]


def ego(lanes: Lanes) -> list[Lane]:
    return [lane for lane in lanes.lanes if lane.id in EGO]


def apart(a: Lane, b: Lane) -> float:
    """Mean distance along the rows that both cover [px]; inf where they share none."""
    (xa, ya), (xb, yb) = (np.array(sorted(one.points, key=lambda p: p[1])).T for one in (a, b))
    rows = ya[(ya >= yb[0]) & (ya <= yb[-1])]
    if not len(rows):
        return float("inf")
    return float(np.abs(np.interp(rows, ya, xa) - np.interp(rows, yb, xb)).mean())


def confusion(truth: NDArray[np.uint8], said: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(K, K) pixels by true and by said class"""
    count = len(CLASSES)
    joint = truth.astype(np.int64).ravel() * count + said.ravel()
    return np.bincount(joint, minlength=count * count).reshape(count, count)


def miou(counts: NDArray[np.int64]) -> float | None:
    """Mean over the classes that the clean frames show."""
    shown = counts.sum(axis=1) > 0
    if not shown.any():
        return None
    hits = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - hits
    return float((hits[shown] / union[shown]).mean())
