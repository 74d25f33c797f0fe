"""Charts of a sheet: bars, curves over time, and a path through a plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.overlay import INK, Colour, heat_colours, text_width
from road_clarity.pipeline.panels.paper import (
    BLAME,
    FAINT,
    GREY,
    REGULAR,
    SMALL,
    Pixels,
    blank,
    write,
)
from road_clarity.pipeline.panels.tiles import number

BLUE: Colour = (40, 96, 190)
GREEN: Colour = (38, 140, 88)
ORANGE: Colour = (214, 128, 20)
ROW = 20  # height of a bar with its name [px]
VALUE_PX = 76  # for the value at the right of a bar
LEGEND = 16  # height of a line of the legend
LEFT, BOTTOM, TOP, RIGHT = 50, 34, 10, 14  # room around a plot [px]

Values = NDArray[np.floating[Any]]  # (N,)


class Bar(NamedTuple):
    name: str
    value: float  # nan: not known, drawn as a dash
    blamed: bool = False


class Curve(NamedTuple):
    name: str
    x: Values
    y: Values  # nan leaves a gap
    colour: Colour


def bars(
    rows: Sequence[Bar], width: int, unit: str, mark: float | None = None, most: float = np.inf
) -> Pixels:
    """One bar per row, its name at the left, its value at the right.

    mark: a line at that value      most: no bar is longer than that, whatever its value
    """
    name_px = max(text_width(row.name, SMALL, REGULAR) for row in rows) + 8
    known = [row.value for row in rows if np.isfinite(row.value)]
    largest = min(max([*known, mark or 0.0, 1e-12]), most)
    room = width - name_px - VALUE_PX
    part = blank(width, ROW * len(rows) + 18)
    for place, row in enumerate(rows):
        shorter = row._replace(value=float(np.minimum(row.value, most)))  # nan stays nan
        draw_bar(part, shorter, place * ROW, name_px, room / largest)
        write(part, stated(row.value), (width - VALUE_PX + 8, place * ROW + 14),
              colour=BLAME if row.blamed else INK)  # fmt: skip
    if mark is not None:
        x = name_px + round(mark * room / largest)
        cv2.line(part, (x, 0), (x, ROW * len(rows)), GREY, 1)
    write(part, unit, (name_px, ROW * len(rows) + 13), colour=GREY)
    return part


def draw_bar(part: Pixels, row: Bar, top: int, left: int, scale: float) -> None:
    colour = BLAME if row.blamed else BLUE
    if np.isfinite(row.value):
        end = left + max(round(row.value * scale), 1)
        cv2.rectangle(part, (left, top + 3), (end, top + ROW - 5), colour, cv2.FILLED)
    write(part, row.name, (0, top + 14), colour=BLAME if row.blamed else INK)


def stated(value: float) -> str:
    return number(value) if np.isfinite(value) else "too coarse"


def columns(values: Values, width: int, gap: int, height: int) -> Pixels:
    """Shares as columns, each `width` wide, `gap` apart, with its percentage on top."""
    part = blank(len(values) * (width + gap) - gap, height)
    room = height - SMALL - 6
    for place, share in enumerate(values):
        left = place * (width + gap)
        tall = round(room * share / max(float(values.max()), 1e-12))
        cv2.rectangle(
            part, (left + width // 4, height - tall), (left + 3 * width // 4, height), BLUE, -1
        )
        words = f"{share:.0%}"
        middle = left + (width - text_width(words, SMALL, REGULAR)) // 2
        write(part, words, (middle, height - tall - 4))
    return part


class Axes(NamedTuple):
    """From values to pixels of a plot."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]

    def points(self, x: Values, y: Values) -> NDArray[np.int32]:
        """(N,), (N,) -> (N, 1, 2)"""
        across, up = self.width - LEFT - RIGHT, self.height - TOP - BOTTOM
        px = LEFT + across * (x - self.x[0]) / max(self.x[1] - self.x[0], 1e-12)
        py = self.height - BOTTOM - up * (y - self.y[0]) / max(self.y[1] - self.y[0], 1e-12)
        return np.rint(np.stack([px, py], axis=1)).astype(np.int32)[:, None]


def plot(
    curves: Sequence[Curve], width: int, height: int, x_unit: str, y_unit: str, top: float
) -> Pixels:
    """Curves from 0 up to `top`, where what is higher leaves the plot, with a legend."""
    legend = LEGEND * len(curves)
    part = blank(width, height)
    every_x = np.concatenate([curve.x for curve in curves])
    axes = Axes(width, height - legend, span(every_x), (0.0, max(top, 1e-12)))
    plane = part[legend:]
    frame(plane, axes, x_unit)
    for place, curve in enumerate(curves):
        draw_curve(plane, axes, curve)
        y = place * LEGEND + LEGEND // 2
        cv2.line(part, (LEFT, y), (LEFT + 22, y), curve.colour, 3)
        write(part, curve.name, (LEFT + 28, y + 4))
    write(part, y_unit, (width - RIGHT - text_width(y_unit, SMALL, REGULAR), 12), colour=GREY)
    return part


def span(values: Values) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def draw_curve(part: Pixels, axes: Axes, curve: Curve) -> None:
    """In pieces, as what is not known leaves a gap."""
    known = np.isfinite(curve.y)
    for piece in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known.astype(int))) + 1):
        if known[piece[0]]:
            points = axes.points(curve.x[piece], curve.y[piece])
            cv2.polylines(part, [points], False, curve.colour, 2, cv2.LINE_AA)


def frame(part: Pixels, axes: Axes, x_unit: str) -> None:
    """Axes with ticks."""
    for value in ticks(axes.y):
        level = axes.points(np.array(axes.x), np.array([value, value]))
        cv2.polylines(part, [level], False, FAINT, 1)
        words = number(value)
        write(part, words, (LEFT - text_width(words, SMALL, REGULAR) - 5, int(level[0, 0, 1]) + 4),
              colour=GREY)  # fmt: skip
    for value in ticks(axes.x):
        x, y = axes.points(np.array([value]), np.array([axes.y[0]]))[0, 0].tolist()
        cv2.line(part, (x, y), (x, y + 4), GREY, 1)
        words = f"{value:g}"
        write(part, words, (x - text_width(words, SMALL, REGULAR) // 2, y + 16), colour=GREY)
    base = axes.points(np.array(axes.x), np.array([axes.y[0]] * 2))
    cv2.polylines(part, [base], False, GREY, 1)
    write(part, x_unit, (LEFT, axes.height - 3), colour=GREY)


def ticks(bounds: tuple[float, float]) -> list[float]:
    """Round values inside, at most six of them."""
    reach = max(bounds[1] - bounds[0], 1e-12)
    step = 10.0 ** np.floor(np.log10(reach / 2))
    step = next(step * many for many in (0.5, 1, 2, 5, 10) if reach / (step * many) <= 5)
    first = int(np.ceil(bounds[0] / step - 1e-9))
    return [round(first + n, 9) * step for n in range(int((bounds[1] / step - first) + 1e-9) + 1)]


def path(points: Values, size: int) -> Pixels:
    """Where a state went: (T, 2); early is dark, late is bright, the last one is marked."""
    part = blank(size, size)
    part[:] = (246, 247, 249)
    low, high = points.min(0), points.max(0)
    scale = (size - 24) / max(float((high - low).max()), 1e-12)
    middle = (low + high) / 2
    places = np.rint((points - middle) * scale * (1, -1) + size / 2).astype(int)
    late = np.linspace(0.0, 0.85, len(points), dtype=np.float32)[None]
    colours = heat_colours(late)[0].tolist()
    for (a, b), colour in zip(zip(places, places[1:], strict=False), colours, strict=False):
        cv2.line(part, tuple(a.tolist()), tuple(b.tolist()), colour, 2, cv2.LINE_AA)
    cv2.circle(part, tuple(places[-1].tolist()), 5, BLAME, -1, cv2.LINE_AA)
    return part
