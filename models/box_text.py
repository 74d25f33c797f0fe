"""Text files of tracking data sets: a box per frame, and flags of the frames without the target."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput

Boxes = NDArray[np.float64]  # (T, 4) x0, y0, x1, y1 [px]; nan where the target is absent

BETWEEN = re.compile(r"\s*[,\s]\s*")  # two numbers: a comma, tab or blanks


def parse_boxes(text: str, source: object, *, corners: bool) -> Boxes:
    """One box per line.  source names the file in errors.  Raises BadInput.

    corners: lines are x0, y0, x1, y1 instead of x0, y0, width, height
    """
    lines = text.strip().splitlines()
    boxes = np.array([parse_box(line, number, source) for number, line in enumerate(lines, 1)])
    if not len(boxes):
        raise BadInput("ground truth", source, "is empty; every line must be four numbers")
    if not corners:
        boxes[:, 2:] += boxes[:, :2]
    return boxes


def parse_box(line: str, number: int, source: object) -> list[float]:
    try:
        box = [float(part) for part in BETWEEN.split(line.strip())]
    except ValueError:
        box = []
    if len(box) != 4:
        raise BadInput("ground truth", f"{source}, line {number}", "must be four numbers")
    return box


def parse_flags(text: str, source: object, count: int) -> NDArray[np.bool_]:
    """(count,) from 0 and 1, on lines or between commas.  Raises BadInput."""
    flags = BETWEEN.split(text.strip())
    if set(flags) - {"0", "1"} or len(flags) != count:
        raise BadInput("flags", source, f"must be {count} times 0 or 1, one per box")
    return np.array([flag == "1" for flag in flags])
