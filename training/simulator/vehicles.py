"""Vehicles as triangles: body lofted along its length, glazed cabin, wheels, lights.

x forward from the middle of the footprint, z up from the road.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from road_clarity.training.simulator.bodies import SIZES
from road_clarity.training.simulator.mesh import (
    Colour,
    Mesh,
    Point,
    box,
    floats,
    grid_normals,
    join,
    loft,
    polygon,
    polygons,
    skin,
)

GLASS: Colour = (0.16, 0.20, 0.24)
RUBBER: Colour = (0.07, 0.07, 0.08)
TRIM: Colour = (0.13, 0.13, 0.14)
RIM: Colour = (0.62, 0.63, 0.65)
PAINTS: tuple[Colour, ...] = (
    (0.86, 0.87, 0.88), (0.70, 0.72, 0.74), (0.34, 0.36, 0.39), (0.12, 0.13, 0.15),
    (0.16, 0.27, 0.52), (0.62, 0.10, 0.11), (0.80, 0.81, 0.80), (0.24, 0.38, 0.34),
    (0.50, 0.45, 0.38), (0.20, 0.42, 0.62), (0.75, 0.38, 0.12),
)  # fmt: skip


PRIMER: Colour = (1.0, 0.0, 1.0)  # where the paint comes
CARGOS = 3  # kinds of cargo boxes
FINISHES = CARGOS * len(PAINTS)


@dataclass(frozen=True)
class Form:
    """Side view as shares of the length (-0.5 rear .. 0.5 front) and heights [m]."""

    belt: tuple[tuple[float, float], ...]  # upper edge of the body, from rear to front
    cabin: tuple[float, float, float, float]  # glass: foot rear, roof rear, roof front, foot front
    sill: float  # [m]
    windows: int
    axles: tuple[float, ...]
    wheel: float  # radius [m]
    roof_share: float  # width of the roof over the width of the body


FORMS = {
    "hatchback": Form(((-0.5, 0.82), (-0.47, 0.98), (0.12, 0.96), (0.42, 0.84), (0.5, 0.62)),
                      (-0.46, -0.36, 0.10, 0.30), 0.2, 2, (-0.31, 0.31), 0.31, 0.76),
    "saloon": Form(((-0.5, 0.78), (-0.47, 0.96), (-0.3, 0.98), (0.12, 0.93), (0.44, 0.80),
                    (0.5, 0.58)), (-0.36, -0.20, 0.08, 0.26), 0.2, 2, (-0.30, 0.32), 0.32, 0.74),
    "suv": Form(((-0.5, 0.95), (-0.48, 1.08), (0.18, 1.06), (0.44, 0.98), (0.5, 0.72)),
                (-0.48, -0.42, 0.10, 0.28), 0.28, 3, (-0.30, 0.31), 0.37, 0.80),
    "van": Form(((-0.5, 1.15), (-0.49, 1.22), (0.30, 1.20), (0.46, 1.00), (0.5, 0.70)),
                (-0.495, -0.48, 0.26, 0.40), 0.28, 1, (-0.30, 0.33), 0.35, 0.90),
    "truck": Form(((-0.5, 1.0), (0.44, 1.0), (0.49, 1.0), (0.5, 0.8)),
                  (0.27, 0.28, 0.43, 0.485), 0.45, 1, (-0.36, -0.24, 0.36), 0.48, 0.94),
    "bus": Form(((-0.5, 1.1), (0.49, 1.1), (0.5, 1.0)),
                (-0.498, -0.49, 0.485, 0.495), 0.32, 7, (-0.30, 0.33), 0.48, 0.95),
}  # fmt: skip


@cache
def vehicle(model: str, tint: int, afar: bool = False) -> Mesh:
    """The whole vehicle, unlit; seen from afar, it has flat wheels and no lamps or mirrors."""
    bare = primed(model, tint % CARGOS if model == "truck" else 0, afar)
    colours = bare.colours.copy()
    colours[(colours[:, :3] == floats(PRIMER)).all(axis=1), :3] = PAINTS[tint % len(PAINTS)]
    return replace(bare, colours=colours)


@cache
def primed(model: str, cargo_tint: int, afar: bool) -> Mesh:
    """A vehicle before it gets its paint."""
    form, size = FORMS[model], SIZES[model]
    parts = [hull(form, size.length, size.width, PRIMER), cabin(model, PRIMER)]
    for x in (share * size.length for share in form.axles):
        for side in (-1, 1):
            parts += wheel(form, size.width, x, side)[-1 if afar else 0 :]
    if not afar:
        parts += fittings(form, size.length, size.width)
    if model == "truck":
        parts.append(cargo(size.length, size.width, size.height, cargo_tint))
    return join(parts)


def hull(form: Form, length: float, width: float, paint: Colour) -> Mesh:
    """Everything below the windows; the lowest part is dark trim."""
    rings, skirts = [], []
    for share, top in form.belt:
        narrow = 1.0 - 0.9 * max(abs(share) - 0.40, 0.0)
        half, mid = width / 2 * narrow, (form.sill + 0.16 + top) / 2
        x = share * length
        low = form.sill + 0.16
        ring = [(half * 0.97, low), (half, mid), (half * 0.96, top - 0.07), (half * 0.86, top)]
        rings.append([(x, y, z) for y, z in [(-y, z) for y, z in ring] + ring[::-1]])
        skirts.append([(x, -half * 0.95, form.sill), (x, -half * 0.96, low),
                       (x, half * 0.96, low), (x, half * 0.95, form.sill)])  # fmt: skip
    body = loft(np.array(rings)[:, ::-1], paint)
    return join([body, loft(np.array(skirts)[:, ::-1], TRIM)])


def cabin(model: str, paint: Colour) -> Mesh:
    """Windscreen, side windows between pillars, rear window, roof."""
    form, size = FORMS[model], SIZES[model]
    foot_rear, roof_rear, roof_front, foot_front = (share * size.length for share in form.cabin)
    belt = [float(np.interp(x / size.length, *np.transpose(form.belt))) - 0.02
            for x in (foot_rear, foot_front)]  # fmt: skip
    low, high = size.width / 2 * 0.90, size.width / 2 * form.roof_share
    top = size.height - 0.05
    parts = [roof(roof_rear, roof_front, high, top, paint)]
    for side in (-1.0, 1.0):
        wall = ((foot_rear, side * low, belt[0]), (foot_front, side * low, belt[1]),
                (roof_front, side * high, top), (roof_rear, side * high, top))  # fmt: skip
        panes = form.windows if model not in ("van",) else 0
        parts.append(glazed(wall if side < 0 else mirrored(wall), panes, paint))
        if model == "van":
            parts.append(van_door_window(size.length, low, high, belt[1], top, side))
    front = ((foot_front, -low, belt[1]), (foot_front, low, belt[1]),
             (roof_front, high, top), (roof_front, -high, top))  # fmt: skip
    rear = ((foot_rear, low, belt[0]), (foot_rear, -low, belt[0]),
            (roof_rear, -high, top), (roof_rear, high, top))  # fmt: skip
    return join([*parts, glazed(front, 1, paint), glazed(rear, 1, paint)])


def mirrored(wall: Sequence[Point]) -> tuple[Point, ...]:
    """The same wall seen from the other side: rear and front change places."""
    return wall[1], wall[0], wall[3], wall[2]


def roof(rear: float, front: float, half: float, top: float, paint: Colour) -> Mesh:
    """A slightly arched roof."""
    rings = [[(x, -half, top), (x, -half * 0.9, top + 0.05), (x, half * 0.9, top + 0.05),
              (x, half, top)] for x in (rear, front)]  # fmt: skip
    return loft(np.array(rings)[:, ::-1], paint)


def glazed(wall: Sequence[Point], panes: int, paint: Colour) -> Mesh:
    """A wall (low left, low right, high right, high left) with `panes` windows in one row."""
    corners = np.array(wall, np.float64)
    across = [0.0]
    for pane in range(panes):
        across += [(pane + 0.06) / panes, (pane + 0.94) / panes]
    across.append(1.0)
    parts = []
    for index, (left, right) in enumerate(zip(across, across[1:], strict=False)):
        if index % 2 == 0:
            parts.append(patch(corners, (left, right), (0.0, 1.0), paint))
            continue
        for low, high, colour in ((0.0, 0.08, paint), (0.08, 0.90, GLASS), (0.90, 1.0, paint)):
            parts.append(patch(corners, (left, right), (low, high), colour))
    return join(parts)


def patch(
    corners: np.ndarray, across: tuple[float, float], up: tuple[float, float], colour: Colour
) -> Mesh:
    """A part of a wall; its place runs from 0 to 1 to the right and up.  Glass mirrors the sky."""

    def at(right: float, high: float) -> np.ndarray:
        low_edge = corners[0] + right * (corners[1] - corners[0])
        high_edge = corners[3] + right * (corners[2] - corners[3])
        return np.asarray(low_edge + high * (high_edge - low_edge))

    points = [
        at(across[0], up[0]),
        at(across[1], up[0]),
        at(across[1], up[1]),
        at(across[0], up[1]),
    ]
    mesh = polygons(np.array([points]), colour)
    if colour is GLASS:
        mesh.colours[2:, :3] += floats([0.20, 0.23, 0.26])
    return mesh


def van_door_window(
    length: float, low: float, high: float, belt: float, top: float, side: float
) -> Mesh:
    """The window of the front door of a van."""

    def y(z: float) -> float:
        return side * (low + (high - low) * (z - belt) / (top - belt) + 0.02)

    z0, z1 = belt + 0.08, top - 0.28
    points = [(0.17 * length, y(z0), z0), (0.335 * length, y(z0), z0),
              (0.265 * length, y(z1), z1), (0.17 * length, y(z1), z1)]  # fmt: skip
    return polygon(points if side < 0 else points[::-1], GLASS)


def wheel(form: Form, width: float, x: float, side: int) -> list[Mesh]:
    """Tread, arch, rim and tyre, just outside of the body."""
    radius, middle = form.wheel, side * width / 2
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)[::-side]
    disc = radius * np.stack([np.cos(turn), 0 * turn, np.sin(turn)], axis=1)
    half = np.linspace(0, np.pi, 9)[::-side]
    arch = 1.18 * radius * np.stack([np.cos(half), 0 * half, np.sin(half)], axis=1)
    tread = np.stack([disc + [x, middle - side * inset, radius] for inset in (-0.02, 0.25)])
    return [
        skin(tread, grid_normals(tread), RUBBER),
        polygons((arch + [x, middle + side * 0.004, radius])[None], TRIM),
        polygons((0.62 * disc + [x, middle + side * 0.03, radius])[None], RIM),
        polygons((disc + [x, middle + side * 0.02, radius])[None], RUBBER),
    ]


def fittings(form: Form, length: float, width: float) -> list[Mesh]:
    """Lamps, number plates, grille, mirrors."""
    front, rear, half = length / 2 + 0.015, -length / 2 - 0.015, width / 2 * 0.9
    nose, tail = form.belt[-1][1], form.belt[0][1]
    parts = [plate_at(front, 0.0, 0.26, form.sill + 0.22, 0.06, (0.9, 0.9, 0.88)),
             plate_at(rear, 0.0, 0.26, form.sill + 0.36, 0.06, (0.9, 0.88, 0.62)),
             plate_at(front, 0.0, half * 0.55, nose - 0.09, 0.06, TRIM)]  # fmt: skip
    for side in (-1, 1):
        y = side * half * 0.80
        parts.append(plate_at(front, y, half * 0.17, nose - 0.08, 0.07, (0.97, 0.97, 0.90)))
        parts.append(plate_at(rear, y, half * 0.16, tail - 0.10, 0.08, (0.62, 0.05, 0.05)))
        x, z = form.cabin[3] * length - 0.35, nose + 0.38
        parts.append(box((x, side * (half + 0.14) - 0.09, z), (x + 0.1, side * (half + 0.14) + 0.09,
                         z + 0.13), TRIM))  # fmt: skip
    return parts


def plate_at(x: float, y: float, half: float, z: float, high: float, colour: Colour) -> Mesh:
    """A small upright rectangle across the vehicle, facing outwards."""
    points = [(x, y - half, z - high), (x, y + half, z - high), (x, y + half, z + high),
              (x, y - half, z + high)]  # fmt: skip
    return polygon(points if x > 0 else points[::-1], colour)


@cache
def brake_lamps(model: str) -> Mesh:
    """What lights up when the vehicle brakes."""
    form, size = FORMS[model], SIZES[model]
    half, tail, rear = size.width / 2 * 0.9, form.belt[0][1], -size.length / 2 - 0.03
    lamps = [plate_at(rear, side * half * 0.80, half * 0.17, tail - 0.10, 0.085, (1.0, 0.16, 0.10))
             for side in (-1, 1)]  # fmt: skip
    return join([*lamps, plate_at(rear, 0.0, half * 0.2, tail + 0.02, 0.03, (1.0, 0.2, 0.14))])


@cache
def lit_lamps(model: str) -> Mesh:
    """What shines all the time when it is dark: headlamps, tail lamps."""
    form, size = FORMS[model], SIZES[model]
    half, front, rear = size.width / 2 * 0.9, size.length / 2 + 0.03, -size.length / 2 - 0.025
    nose, tail = form.belt[-1][1], form.belt[0][1]
    lamps = []
    for y in (-half * 0.80, half * 0.80):
        lamps.append(plate_at(front, y, half * 0.17, nose - 0.08, 0.07, (1.0, 0.98, 0.90)))
        lamps.append(plate_at(rear, y, half * 0.16, tail - 0.10, 0.08, (0.72, 0.06, 0.05)))
    return join(lamps)


def cargo(length: float, width: float, height: float, tint: int) -> Mesh:
    """The box behind the driver's cab of a truck."""
    colour = ((0.80, 0.81, 0.82), (0.68, 0.70, 0.66), (0.25, 0.37, 0.56))[tint]
    half = width / 2
    return box((-length / 2, -half, 0.9), (0.25 * length, half, height), colour)
