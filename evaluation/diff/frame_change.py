"""What changed about one frame from one run to another.

Boxes are (x0, y0, x1, y1), points (x, y) [px].  What only one run knows is a change, never ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from road_clarity.pipeline.frame_row import Row

SAME_BOX = 0.5  # overlap from which two boxes are of the same thing
LEVEL_WEIGHT = 1.0  # another level counts as much as the whole range of scores
LEAST_P = 1e-6  # p-values below are equally rare


@dataclass(frozen=True)
class FrameChange:
    """One frame in both runs."""

    index: int  # in the first run
    stamp_ns: int
    score: tuple[float | None, float | None]
    level: tuple[str, str]
    reasons: dict[str, float]  # code -> share in the second run less that in the first; 0 left out
    moved: float  # reasons of both runs that point elsewhere: 1 - overlap of their regions, worst
    lanes_px: float  # mean distance of lines of the same number in the same rows; nan: none
    lanes_lost: int  # lines that only one run has
    tracks_lost: int  # boxes without one that overlaps by SAME_BOX in the other run
    decades: float  # of the anomaly's p-value, up or down; nan where one run has none

    @property
    def weight(self) -> float:
        """How much it changed, to find the frames that changed most."""
        first, second = self.score
        known = first is not None and second is not None
        score = abs((first or 0.0) - (second or 0.0)) if known else float(first != second)
        told = sum(abs(share) for share in self.reasons.values()) / 2
        return score + told + LEVEL_WEIGHT * (self.level[0] != self.level[1])


def frame_change(first: Row, second: Row) -> FrameChange:
    risks, lanes = (first["risk"], second["risk"]), (first["lanes"], second["lanes"])
    apart, lost = lanes_apart(lanes[0] or [], lanes[1] or [])
    return FrameChange(
        index=first["index"],
        stamp_ns=first["stamp_ns"],
        score=(risks[0]["score"], risks[1]["score"]),
        level=(risks[0]["level"], risks[1]["level"]),
        reasons=shares_changed(risks[0]["reasons"], risks[1]["reasons"]),
        moved=regions_moved(risks[0]["reasons"], risks[1]["reasons"]),
        lanes_px=apart,
        lanes_lost=lost,
        tracks_lost=unmatched(boxes(first), boxes(second)) + unmatched(boxes(second), boxes(first)),
        decades=decades(first["anomaly"]["p_value"], second["anomaly"]["p_value"]),
    )


def shares_changed(first: list[Row], second: list[Row]) -> dict[str, float]:
    """By code, the largest change first; codes that say the same are left out."""
    change: dict[str, float] = {}
    for sign, reasons in ((-1.0, first), (1.0, second)):
        for one in reasons:
            change[one["code"]] = change.get(one["code"], 0.0) + sign * one["share"]
    moved = {code: round(share, 9) for code, share in change.items() if round(share, 9)}
    return dict(sorted(moved.items(), key=lambda item: (-abs(item[1]), item[0])))


def regions_moved(first: list[Row], second: list[Row]) -> float:
    """1 - overlap of the best matching regions of a code that both runs name, the worst code."""
    worst = 0.0
    for code in {one["code"] for one in first} & {one["code"] for one in second}:
        ours, theirs = (
            [one["region"] for one in side if one["code"] == code and one["region"]]
            for side in (first, second)
        )
        for region in ours:
            best = max((overlap(region, other) for other in theirs), default=0.0)
            worst = max(worst, 1.0 - best)
    return worst


def lanes_apart(first: list[Row], second: list[Row]) -> tuple[float, int]:
    """Mean distance of lines of the same number over the rows of both [px]; how many have none."""
    by_id = {one["id"]: one["points"] for one in second}
    found = [rows_apart(one["points"], by_id[one["id"]]) for one in first if one["id"] in by_id]
    known = [apart for apart in found if not math.isnan(apart)]
    lost = len(first) + len(second) - 2 * len(found)
    return (float(np.mean(known)) if known else math.nan), lost


def rows_apart(first: list[Any], second: list[Any]) -> float:
    """Mean |x - x'| in the rows that both lines cross; nan without any.  Points go upwards."""
    (x, y), (other_x, other_y) = (np.array(one, float).T[:, ::-1] for one in (first, second))
    rows = y[(y >= other_y.min()) & (y <= other_y.max())]
    if not len(rows):
        return math.nan
    return float(np.abs(np.interp(rows, y, x) - np.interp(rows, other_y, other_x)).mean())


def boxes(row: Row) -> list[tuple[str, list[float]]]:
    return [(one["label"], one["box"]) for one in row["tracks"] or []]


def unmatched(ours: list[tuple[str, list[float]]], theirs: list[tuple[str, list[float]]]) -> int:
    """How many of ours have no box of the same label in theirs."""
    return sum(
        not any(label == name and overlap(box, other) >= SAME_BOX for name, other in theirs)
        for label, box in ours
    )


def overlap(a: list[float], b: list[float]) -> float:
    """Intersection over union; 0 for boxes that hold what is no number."""
    if None in a or None in b:
        return 0.0
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    either = sum((one[2] - one[0]) * (one[3] - one[1]) for one in (a, b)) - common
    return common / either if either > 0 else float(a == b)


def decades(first: float | None, second: float | None) -> float:
    """Powers of ten between two p-values; more is rarer in the second run."""
    if first is None or second is None:
        return 0.0 if first == second else math.nan
    return math.log10(max(first, LEAST_P)) - math.log10(max(second, LEAST_P))
