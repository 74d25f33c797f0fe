"""Triangles in numpy: what streets, vehicles and people are built from.

Right-handed, metres, z up (REP 103: x forward, y left).  N vertices, M triangles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float32]
Colour = tuple[float, float, float]  # RGB in [0, 1]
Point = tuple[float, float, float]


def floats(values: ArrayLike) -> Array:
    """As the renderer wants them."""
    return np.asarray(values, np.float32)


@dataclass(frozen=True, eq=False)
class Mesh:
    vertices: Array  # (N, 3) [m]
    normals: Array  # (N, 3) unit length
    colours: Array  # (N, 4) RGBA in [0, 1]
    uvs: Array  # (N, 2) in texture widths
    triangles: NDArray[np.int32]  # (M, 3)

    def moved(self, x: float, y: float, z: float = 0.0, yaw: float = 0.0) -> Mesh:
        """Turned by `yaw` [rad] about z, then shifted [m]."""
        turn = rotation_z(yaw)
        return replace(
            self,
            vertices=self.vertices @ turn.T + floats([x, y, z]),
            normals=self.normals @ turn.T,
        )

    def scaled(self, x: float, y: float, z: float) -> Mesh:
        """Stretched along the axes; the normals are kept right."""
        factor = floats([x, y, z])
        normals = self.normals / factor
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return replace(self, vertices=self.vertices * factor, normals=normals)

    def painted(self, colour: Colour, alpha: float = 1.0) -> Mesh:
        """The same mesh in one colour."""
        return replace(self, colours=np.tile(floats([*colour, alpha]), (len(self.colours), 1)))


def rotation_z(yaw: float) -> Array:
    """(3, 3) turn about z by `yaw` [rad]."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return floats([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def join(meshes: Iterable[Mesh]) -> Mesh:
    """One mesh of many."""
    parts = list(meshes)
    offsets = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.colours for part in parts]),
        np.concatenate([part.uvs for part in parts]),
        np.concatenate(
            [part.triangles + shift for part, shift in zip(parts, offsets, strict=True)]
        ).astype(np.int32),
    )


def polygons(
    corners: NDArray[np.floating], colour: Colour, uvs: NDArray[np.floating] | None = None
) -> Mesh:
    """P flat convex polygons (P, K, 3), anticlockwise seen from outside; uvs (P, K, 2)."""
    count, size = corners.shape[:2]
    flat = floats(corners).reshape(-1, 3)
    normals = across(corners[:, 1] - corners[:, 0], corners[:, size - 1] - corners[:, 0])
    fan = np.array([(0, k, k + 1) for k in range(1, size - 1)], np.int32)
    first = np.arange(count, dtype=np.int32)[:, None, None] * size
    return Mesh(
        flat,
        floats(np.repeat(normals, size, axis=0)),
        np.tile(floats([*colour, 1.0]), (len(flat), 1)),
        np.zeros((len(flat), 2), np.float32) if uvs is None else floats(uvs).reshape(-1, 2),
        (first + fan).reshape(-1, 3).astype(np.int32),
    )


def polygon(points: Sequence[Point], colour: Colour) -> Mesh:
    """One flat convex polygon, anticlockwise seen from outside."""
    return polygons(np.array([points], np.float64), colour)


def box(low: Point, high: Point, colour: Colour) -> Mesh:
    """An upright box."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    faces = [
        [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)],
        [(x0, y1, z0), (x1, y1, z0), (x1, y0, z0), (x0, y0, z0)],
        [(x0, y1, z0), (x0, y0, z0), (x0, y0, z1), (x0, y1, z1)],
        [(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)],
        [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)],
        [(x1, y1, z0), (x0, y1, z0), (x0, y1, z1), (x1, y1, z1)],
    ]
    return polygons(np.array(faces, np.float64), colour)


def loft(rings: NDArray[np.floating], colour: Colour, smooth: bool = False) -> Mesh:
    """Skin over R rings of K points (R, K, 3), anticlockwise seen against the direction of travel.

    Closed around; its ends are closed too.
    """
    ends = polygons(np.stack([rings[0][::-1], rings[-1]]), colour)
    if smooth:
        return join([skin(rings, grid_normals(rings), colour), ends])
    here, beyond = rings[:-1], rings[1:]
    sides = np.stack([here, np.roll(here, -1, 1), np.roll(beyond, -1, 1), beyond], axis=2)
    return join([polygons(sides.reshape(-1, 4, 3), colour), ends])


def skin(rings: NDArray[np.floating], normals: NDArray[np.floating], colour: Colour) -> Mesh:
    """Rings (R, K, 3) joined without ends; neighbours share their corners."""
    rows, sides = rings.shape[:2]
    row, side = (grid.ravel() for grid in np.mgrid[0 : rows - 1, 0:sides])
    here, next_ = row * sides + side, row * sides + (side + 1) % sides
    corners = [here, next_, next_ + sides, here, next_ + sides, here + sides]
    return Mesh(
        floats(rings.reshape(-1, 3)),
        floats(normals.reshape(-1, 3)),
        np.tile(floats([*colour, 1.0]), (rows * sides, 1)),
        np.zeros((rows * sides, 2), np.float32),
        np.stack(corners, axis=1).reshape(-1, 3).astype(np.int32),
    )


def grid_normals(rings: NDArray[np.floating]) -> NDArray[np.float64]:
    """(R, K, 3) unit normals of a skin, from its slopes around and along."""
    around = np.roll(rings, -1, 1) - np.roll(rings, 1, 1)
    return across(around, np.gradient(rings, axis=0))


def across(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Unit vectors (..., 3) at right angles to both, right-handed; faster than np.cross."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = np.maximum(np.sqrt(x * x + y * y + z * z), 1e-9)
    unit = np.empty((*length.shape, 3))
    unit[..., 0], unit[..., 1], unit[..., 2] = x / length, y / length, z / length
    return unit


def tube(start: Point, end: Point, radius: float, colour: Colour, sides: int = 6) -> Mesh:
    """A round bar."""
    return taper(start, end, radius, radius, colour, sides)


def taper(
    start: Point, end: Point, radius: float, end_radius: float, colour: Colour, sides: int = 6
) -> Mesh:
    """A round bar whose thickness changes."""
    axis = np.subtract(end, start, dtype=np.float64)
    upright = abs(axis[2]) > 0.9 * np.hypot(axis[0], axis[1])
    aside = across(axis, np.array((1.0, 0, 0) if upright else (0, 0, 1.0)))
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
    ring = np.cos(angle) * aside + np.sin(angle) * across(axis, aside)
    rings = np.stack([np.array(start) + radius * ring, np.array(end) + end_radius * ring])
    return loft(rings, colour, smooth=True)


def ball(centre: Point, radii: Point, colour: Colour, rows: int = 5, sides: int = 8) -> Mesh:
    """An ellipsoid."""
    height = np.linspace(-np.pi / 2, np.pi / 2, rows + 1)[:, None]
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None]
    flat = np.cos(height)
    unit = np.stack(
        [flat * np.cos(angle), flat * np.sin(angle), np.sin(height) + 0 * angle], axis=2
    )
    normals = unit / np.array(radii)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return skin(unit * np.array(radii) + np.array(centre), normals, colour)


def lit(mesh: Mesh, sun: Point, ambient: float) -> Mesh:
    """Colours with daylight in them: sky light from above, sunlight by Lambert's cosine law."""
    direct = np.maximum(mesh.normals @ floats(sun), 0.0)
    light = ambient * (0.85 + 0.15 * mesh.normals[:, 2]) + (1.05 - ambient) * direct
    warm = np.stack([light * 1.02, light, light * 0.97 + 0.03, np.ones_like(light)], axis=1)
    return replace(mesh, colours=floats(np.clip(mesh.colours * warm, 0.0, 1.0)))
