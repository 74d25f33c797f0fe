"""Trees: a trunk and a crown of dented balls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from road_clarity.training.simulator.mesh import Colour, Mesh, ball, floats, join, taper

BARK: Colour = (0.34, 0.27, 0.21)
GREENS: tuple[Colour, ...] = (
    (0.47, 0.64, 0.27), (0.40, 0.59, 0.27), (0.58, 0.68, 0.29), (0.34, 0.53, 0.28),
)  # fmt: skip
ROWS, SIDES = 5, 8


def tree(rng: np.random.Generator) -> tuple[Mesh, Mesh, Mesh]:
    """Trunk, crown, and crown as seen from afar, standing at the origin, 6 to 10 m high."""
    height, spread = float(rng.uniform(3.0, 4.2)), float(rng.uniform(1.5, 2.3))
    trunk = taper((0, 0, 0), (0, 0, height + 0.6), 0.17, 0.09, BARK)
    green = GREENS[int(rng.integers(len(GREENS)))]
    lumps = [lump(rng, (0.0, 0.0, height + spread * 0.9), spread, green)]
    for angle in np.linspace(0, 2 * np.pi, 4, endpoint=False) + rng.uniform(0, 2):
        off = spread * float(rng.uniform(0.5, 0.75))
        centre = (off * np.cos(angle), off * np.sin(angle), height + spread * rng.uniform(0.2, 1.1))
        lumps.append(lump(rng, centre, spread * float(rng.uniform(0.55, 0.75)), green))
    afar = lump(rng, (0.0, 0.0, height + spread * 0.8), spread * 1.3, green)
    return trunk, join(lumps), afar


def lump(
    rng: np.random.Generator, centre: tuple[float, float, float], radius: float, green: Colour
) -> Mesh:
    """A dented ball of leaves, darker below and in its dents."""
    mesh = ball((0, 0, 0), (1, 1, 0.92), green, ROWS, SIDES)
    dents = rng.uniform(0.80, 1.16, (ROWS + 1, SIDES))
    dents[[0, -1]] = dents[[0, -1], :1]  # the poles are one point each
    dents = dents.reshape(-1, 1)
    shade = np.clip(0.78 + 0.34 * mesh.vertices[:, 2:], 0.4, 1.1) * (0.45 + 0.55 * dents)
    turn = np.arctan2(mesh.vertices[:, 1], mesh.vertices[:, 0])
    uvs = np.stack([np.abs(turn) / np.pi * 2, mesh.vertices[:, 2] * 1.2], axis=1) * radius / 2
    colours = mesh.colours * np.concatenate([shade.repeat(3, axis=1), np.ones_like(shade)], axis=1)
    return replace(
        mesh,
        vertices=floats(mesh.vertices * dents * radius + np.array(centre)),
        colours=floats(colours),
        uvs=floats(uvs),
    )
