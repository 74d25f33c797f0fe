"""Town houses: textured walls, ground floors with shops, cornices, flat or pitched roofs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from road_clarity.training.simulator.mesh import Colour, Mesh, box, join, polygon, polygons
from road_clarity.training.simulator.textures import (
    BAY_M,
    BAYS,
    FACADES,
    STOREY_M,
    STOREYS,
    WALLS,
)

DEPTH_M = 12.0
GROUND_M = 3.6
ROOFS: tuple[Colour, ...] = ((0.45, 0.25, 0.20), (0.32, 0.31, 0.33), (0.50, 0.33, 0.24))


def building(rng: np.random.Generator, width: float) -> Iterator[tuple[str | None, Mesh]]:
    """(texture, mesh) of the parts; the front stands on y = 0, looks along -y, x from -w/2."""
    style, storeys = int(rng.integers(FACADES)), int(rng.integers(1, 6))
    bottom = GROUND_M if rng.random() < 0.6 else 0.0
    top = (bottom or 0.4) + storeys * STOREY_M
    half = width / 2
    yield f"facade{style}", walls(width, bottom, top)
    tone = tuple(channel / 255 for channel in WALLS[style])
    plain: Colour = (tone[0] * 0.92, tone[1] * 0.92, tone[2] * 0.92)
    if bottom:
        yield f"shop{style}", ground_floor(rng, width)
    trim: Colour = (0.80, 0.78, 0.74) if style % 2 else plain
    parts = [box((-half, -0.28, top - 0.3), (half, 0.0, top), trim)]
    if bottom:
        parts.append(box((-half, -0.16, bottom - 0.15), (half, 0.0, bottom + 0.1), trim))
        if rng.random() < 0.5:
            parts.append(awning(rng, half))
    if rng.random() < 0.5:
        parts += pitched_roof(half, top, ROOFS[int(rng.integers(len(ROOFS)))], plain)
    else:
        parts.append(box((-half, 0.0, top), (half, DEPTH_M, top + 0.5), plain))
    if rng.random() < 0.4:
        parts += balconies(rng, width, bottom, storeys)
    yield None, join(parts)


def walls(width: float, bottom: float, top: float) -> Mesh:
    """Front and both sides; one texture is BAYS bays wide and STOREYS storeys high."""
    half = width / 2
    faces, uvs = [], []
    high = (top - max(bottom, 0.4)) / STOREY_M / STOREYS
    low = -0.4 / STOREY_M / STOREYS if bottom == 0.0 else 0.0
    for (x0, y0), (x1, y1) in (((-half, 0), (half, 0)), ((half, 0), (half, DEPTH_M)),
                               ((-half, DEPTH_M), (-half, 0))):  # fmt: skip
        wide = round(np.hypot(x1 - x0, y1 - y0) / BAY_M) / BAYS
        faces.append([(x0, y0, bottom), (x1, y1, bottom), (x1, y1, top), (x0, y0, top)])
        uvs.append([(0, low), (wide, low), (wide, high), (0, high)])
    return polygons(np.array(faces, np.float64), (1, 1, 1), np.array(uvs))


def ground_floor(rng: np.random.Generator, width: float) -> Mesh:
    """Shops; the sides are plain parts of the same picture."""
    half, shift = width / 2, float(rng.integers(2)) / 2
    wide = round(width / BAY_M) / 2
    sides = [((-half, 0.0), (half, 0.0)), ((half, 0.0), (half, DEPTH_M)),
             ((-half, DEPTH_M), (-half, 0.0))]  # fmt: skip
    faces = [[(*a, 0), (*b, 0), (*b, GROUND_M), (*a, GROUND_M)] for a, b in sides]
    plain = [(0.82, 0.1), (0.83, 0.1), (0.83, 0.6), (0.82, 0.6)]
    front = [(shift, 0), (shift + wide, 0), (shift + wide, 1), (shift, 1)]
    return polygons(np.array(faces, np.float64), (1, 1, 1), np.array([front, plain, plain]))


def awning(rng: np.random.Generator, half: float) -> Mesh:
    """A cloth roof over the shop window."""
    colours: tuple[Colour, ...] = ((0.65, 0.16, 0.15), (0.15, 0.36, 0.27), (0.85, 0.80, 0.66))
    colour = colours[int(rng.integers(3))]
    left, right = -half + 0.6, half - float(rng.uniform(0.6, half))
    slope = [(left, -1.2, 2.5), (right, -1.2, 2.5), (right, 0, 3.2), (left, 0, 3.2)]
    flap = [(left, -1.2, 2.3), (right, -1.2, 2.3), (right, -1.2, 2.5), (left, -1.2, 2.5)]
    return join([polygon(slope, colour), polygon(flap, colour)])


def pitched_roof(half: float, top: float, tiles: Colour, wall: Colour) -> list[Mesh]:
    """Two slopes with gables at the sides."""
    ridge, middle = top + 3.2, DEPTH_M / 2
    front = [(-half, -0.3, top), (half, -0.3, top), (half, middle, ridge), (-half, middle, ridge)]
    gables = [[(half, 0, top), (half, DEPTH_M, top), (half, middle, ridge)],
              [(-half, DEPTH_M, top), (-half, 0, top), (-half, middle, ridge)]]  # fmt: skip
    chimney = box(
        (half * 0.4, middle - 1.5, top + 1.5), (half * 0.4 + 0.7, middle - 0.8, ridge + 0.8), tiles
    )
    return [polygon(front, tiles), *(polygon(gable, wall) for gable in gables), chimney]


def balconies(rng: np.random.Generator, width: float, bottom: float, storeys: int) -> list[Mesh]:
    """Slabs with a parapet in one bay of every storey."""
    x = -width / 2 + BAY_M * (int(rng.integers(round(width / BAY_M))) + 0.5)
    parts = []
    for storey in range(1, storeys):
        z = (bottom or 0.4) + storey * STOREY_M
        parts.append(box((x - 1.2, -1.0, z - 0.05), (x + 1.2, 0.0, z + 0.12), (0.72, 0.71, 0.69)))
        parts.append(box((x - 1.2, -1.0, z + 0.12), (x + 1.2, -0.94, z + 1.0), (0.55, 0.58, 0.60)))
    return parts
