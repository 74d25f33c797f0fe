"""The risk over time as shapes: plain numbers that the report's template turns into an SVG picture.

x runs over the frames (so that a pause between two recordings takes no room), y over the score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from road_clarity.pipeline.events import SEVERITY, Event
from road_clarity.pipeline.frame_row import Row

WIDTH, HEIGHT = 1000.0, 150.0  # of the score plot, in units of the picture
STRANGE_HEIGHT = 54.0  # of the strangeness plot
DECADES = 3  # powers of ten it shows: p-values from 1 down to 0.001
MOST_COLUMNS = 600  # more would not be seen
TICKS = 12  # about so many labels on the time axis
TICK_ROOM = 50.0  # from label to label, in units of the picture
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)


@dataclass(frozen=True)
class Column:
    """Some frames in a row: the worst of each thing among them."""

    first: int  # place of the first frame in the run
    time_s: float  # since the run began [s]
    score: float
    level: str
    p_value: float | None  # smallest: share of calm frames that are as strange
    shares: dict[str, float]  # reason code -> largest share
    text: str  # the largest reason


@dataclass(frozen=True)
class Area:
    """Columns in a row of one level, as a polygon."""

    level: str
    x: float
    width: float
    points: str  # "x,y x,y ..."


@dataclass(frozen=True)
class Cell:
    """Where a reason spoke: left edge, width, and how much it said (0..1)."""

    x: float
    width: float
    share: float


def columns(rows: Sequence[Row], most: int = MOST_COLUMNS) -> list[Column]:
    size = -(-len(rows) // most)
    start_ns = rows[0]["stamp_ns"]
    return [column(rows[i : i + size], i, start_ns) for i in range(0, len(rows), size)]


def column(rows: Sequence[Row], first: int, start_ns: int) -> Column:
    risks = [row["risk"] for row in rows]
    worst = max(risks, key=lambda risk: (SEVERITY[risk["level"]], risk["score"]))
    shares: dict[str, float] = {}
    for risk in risks:
        for code, share in by_code(risk["reasons"]).items():
            shares[code] = max(share, shares.get(code, 0.0))
    text = worst["reasons"][0]["text"] if worst["reasons"] else ""
    time_s = (rows[0]["stamp_ns"] - start_ns) * 1e-9
    known = [p for row in rows if (p := row["anomaly"]["p_value"]) is not None]
    p_value = min(known, default=None)
    return Column(first, time_s, worst["score"], worst["level"], p_value, shares, text)


def by_code(reasons: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Two people in the way are one code."""
    shares: dict[str, float] = {}
    for reason in reasons:
        shares[reason["code"]] = shares.get(reason["code"], 0.0) + reason["share"]
    return shares


def areas(shown: Sequence[Column]) -> list[Area]:
    """The score as one polygon per stretch of the same level; an unknown score fills the height."""
    width, found, at = WIDTH / len(shown), [], 0
    for level, group in groupby(shown, key=lambda one: one.level):
        scores = [1.0 if level == "unknown" else one.score for one in group]
        points = [(at * width, HEIGHT)]
        for i, score in enumerate(scores, start=at):
            y = HEIGHT * (1.0 - score)
            points += [(i * width, y), ((i + 1) * width, y)]
        x, at = at * width, at + len(scores)
        points.append((at * width, HEIGHT))
        found.append(Area(level, round(x, 1), round(at * width - x, 1), polyline(points)))
    return found


def strangeness(shown: Sequence[Column]) -> list[str]:
    """The p-value on a log scale as lines, the stranger the higher; broken where not known."""
    width, found = WIDTH / len(shown), []
    for known, group in groupby(enumerate(shown), key=lambda one: one[1].p_value is not None):
        if known:
            points = [
                ((i + 0.5) * width, STRANGE_HEIGHT * (1.0 - rarity(one.p_value or 0.0)))
                for i, one in group
            ]
            found.append(polyline(points))
    return found


def rarity(p_value: float) -> float:
    """0 at p = 1, 1 at p = 0.001 and below."""
    return min(-math.log10(max(p_value, 1e-12)) / DECADES, 1.0)


def polyline(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def reason_cells(shown: Sequence[Column]) -> dict[str, list[Cell]]:
    """code -> where it spoke, the code that said most in all first."""
    width = WIDTH / len(shown)
    weight: dict[str, float] = {}
    for one in shown:
        for code, share in one.shares.items():
            weight[code] = weight.get(code, 0.0) + share
    return {
        code: [
            Cell(round(i * width, 2), round(width, 2), round(one.shares[code], 3))
            for i, one in enumerate(shown)
            if one.shares.get(code, 0.0) >= 0.005
        ]
        for code in sorted(weight, key=lambda code: -weight[code])
    }


def event_span(event: Event, frames: int) -> tuple[float, float]:
    """Left edge and width of an event in the picture."""
    x = WIDTH * event.start_index / frames
    return round(x, 1), round(WIDTH * (event.end_index + 1) / frames - x, 1)


def ticks(shown: Sequence[Column]) -> list[tuple[float, str]]:
    """(x, label) at round times."""
    end_s = shown[-1].time_s
    step = next((one for one in STEPS_S if one * TICKS >= end_s), STEPS_S[-1])
    found: list[tuple[float, str]] = []
    width, due = WIDTH / len(shown), 0
    for i, one in enumerate(shown):
        if one.time_s + 1e-9 >= due * step:
            if not found or i * width - found[-1][0] >= TICK_ROOM:
                found.append((round(i * width, 1), clock(due * step)))
            due = int((one.time_s + 1e-9) // step) + 1
    return found


def clock(seconds: float) -> str:
    """75.5 -> 1:15.5"""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"
