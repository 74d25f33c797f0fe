"""Text files of tracking data sets: a box per frame, and how much of the target is visible."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput

Boxes = NDArray[np.float64]  # (T, 4) x0, y0, x1, y1 [px]; nan where the target is absent

BETWEEN = re.compile(r"\s*[,\s]\s*")  # two numbers: a comma, tab or blanks


def parse_boxes(text: str, source: object, *, corners: bool, field: str = "ground truth") -> Boxes:
    """One box per line, nan where there is none.  Raises BadInput, naming field and source.

    corners: lines are x0, y0, x1, y1 instead of x0, y0, width, height; a confidence may follow
    """
    lines = text.strip().splitlines()
    if not lines:
        raise BadInput(field, source, "is empty; every line must be four numbers")
    boxes = []
    for number, line in enumerate(lines, 1):
        box = parse_box(line, corners)
        if isinstance(box, str):
            raise BadInput(field, f"{source}, line {number}", box)
        boxes.append(box)
    return np.array(boxes)


def parse_box(line: str, corners: bool) -> list[float] | str:
    """x0, y0, x1, y1, or what is wrong."""
    try:
        found = [float(part) for part in BETWEEN.split(line.strip())]
    except ValueError:
        found = []
    if len(found) != 4 and not (corners and len(found) == 5):
        return "must be four numbers"
    x, y, right, bottom = found[:4]
    if not corners:
        right, bottom = x + right, y + bottom
    if any(map(math.isinf, found)):
        return "must be finite, or nan where there is no box"
    if any(map(math.isnan, found[:4])):
        return [math.nan] * 4
    return [x, y, right, bottom] if right >= x and bottom >= y else "has a negative size"


def parse_flags(text: str, source: object, count: int) -> NDArray[np.bool_]:
    """(count,) from 0 and 1, on lines or between commas.  Raises BadInput."""
    return parse_levels(text, source, count, highest=1).astype(bool)


def parse_levels(text: str, source: object, count: int, highest: int) -> NDArray[np.int64]:
    """(count,) whole numbers from 0 on, on lines or between commas.  Raises BadInput."""
    words = BETWEEN.split(text.strip())
    if set(words) - {str(level) for level in range(highest + 1)} or len(words) != count:
        span = "0 or 1" if highest == 1 else f"0 to {highest}"
        raise BadInput("flags", source, f"must be {count} times {span}, one per box")
    return np.array(words, np.int64)
