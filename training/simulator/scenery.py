"""Everything along a street that stands still, cut into pieces of PIECE_M for culling.

A `Piece` is a lit mesh with a texture, a class of `safety.scene.CLASSES` and a layer.  Flat things
on the ground are painted over one another by layer, like on a canvas, so that none flickers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.scene import CLASSES
from road_clarity.training.simulator import buildings, plants
from road_clarity.training.simulator.mesh import (
    Colour,
    Mesh,
    box,
    join,
    polygons,
    skin,
    taper,
    tube,
)
from road_clarity.training.simulator.street import BEHIND_M, KERB_M, LANE_M, Street
from road_clarity.training.simulator.textures import BAY_M

PIECE_M = 50.0
VERGE_M = 60.0
YARD_M = 25.0
UNDER_M = 2.0  # what lies below reaches under its neighbour, so that no crack shows the sky
AFAR_M = 90.0  # from where on trees are drawn with few triangles
HILLS_M = 560.0
BLOB_SIDES = 10
DRAWN_M = 540.0  # up to where anything is drawn
SKY, HILLS, GROUND, ROAD, PAVING, PAINT, SHADOW, SOLID = range(8)  # layers, drawn in this order
CLASS = {name: index for index, name in enumerate(CLASSES)}
FAR_WOODS = len(CLASSES)  # trees, but haze is in their colour already
TARMAC: Colour = (0.40, 0.40, 0.42)
SLABS: Colour = (0.66, 0.64, 0.61)
KERBSTONE: Colour = (0.72, 0.71, 0.69)
LAWN: Colour = (0.36, 0.47, 0.22)
WHITE: Colour = (0.93, 0.93, 0.90)
METAL: Colour = (0.36, 0.38, 0.39)
DASH_M, DASH_EVERY_M = 3.0, 9.0
LAMP_ARM_M = 1.95


@dataclass(frozen=True, eq=False)
class Piece:
    mesh: Mesh
    texture: str | None
    kind: int  # index into CLASSES
    layer: int = SOLID
    seen_m: tuple[float, float] = (0.0, DRAWN_M)  # only drawn at these distances
    shines: bool = False  # by itself, when lamps are lit


def scenery(street: Street, seed: int) -> list[Piece]:
    """All pieces; what looks alike within one stretch of the street is one piece."""
    rng = np.random.default_rng((seed, 1))
    found: dict[tuple[Any, ...], list[Mesh]] = defaultdict(list)
    makers: list[Callable[..., Iterator[tuple[float, Piece]]]] = [ground, paint, furniture]
    makers += [houses, trees] if street.built_up else [countryside]
    for maker in makers:
        for s, piece in maker(street, rng):
            alike = (piece.texture, piece.kind, piece.layer, piece.seen_m, piece.shines)
            found[(int(s // PIECE_M), *alike)].append(piece.mesh)
    pieces = [Piece(join(meshes), *alike) for (_, *alike), meshes in found.items()]
    return [hills(seed), *pieces]


def strip(
    street: Street, s: tuple[float, float], d: tuple[float, float], colour: Colour,
    z: float = 0.0, texture_m: float = 1.0, step: float = 6.0,
) -> Mesh:  # fmt: skip
    """A flat band from s[0] to s[1] and d[0] (left) to d[1] (right) that follows the bends."""
    along = np.linspace(*s, max(int(np.ceil((s[1] - s[0]) / step)), 1) + 1)
    left, right = (np.insert(street.world(along, d[k]), 2, z, axis=1) for k in (0, 1))
    uv_left, uv_right = (
        np.stack([along, np.full_like(along, d[k])], 1) / texture_m for k in (0, 1)
    )
    quads = np.stack([right[:-1], right[1:], left[1:], left[:-1]], axis=1)
    uvs = np.stack([uv_right[:-1], uv_right[1:], uv_left[1:], uv_left[:-1]], axis=1)
    return polygons(quads, colour, uvs)


def wall(street: Street, s: tuple[float, float], d: float, z: float, colour: Colour) -> Mesh:
    """An upright band along the street, seen from its middle."""
    along = np.linspace(*s, 5)
    if d > 0:
        along = along[::-1]
    foot = np.insert(street.world(along, d), 2, 0.0, axis=1)
    quads = np.stack([foot[1:], foot[:-1], foot[:-1] + [0, 0, z], foot[1:] + [0, 0, z]], axis=1)
    return polygons(quads, colour)


def stretches(street: Street) -> Iterator[tuple[float, float]]:
    """The street cut into pieces."""
    for s in np.arange(-BEHIND_M, street.length_m, PIECE_M):
        yield float(s), float(s + PIECE_M)


def ground(street: Street, rng: np.random.Generator) -> Iterator[tuple[float, Piece]]:
    """Road, kerbs, pavements, and lawn behind them."""
    left, right = street.left_kerb, street.right_kerb
    road, paved = CLASS["Road"], CLASS["Pavement"]
    under, verge = (UNDER_M, YARD_M) if street.built_up else (0.0, VERGE_M)
    for s in stretches(street):
        for side, kerb in ((1, left), (-1, right)):
            outer = kerb + side * (street.pavement_m if street.built_up else 0.0)
            lawn = sorted((outer - side * UNDER_M, outer + side * verge), reverse=True)
            grass = strip(street, s, (lawn[0], lawn[1]), LAWN, texture_m=8)
            yield s[0], Piece(grass, "grass", CLASS["Tree"], GROUND)
            if not street.built_up:
                continue
            walk = sorted((kerb, outer), reverse=True)
            slabs = strip(street, s, (walk[0], walk[1]), SLABS, KERB_M, 2.0)
            yield s[0], Piece(slabs, "paving", paved, PAVING)
            edge = sorted((kerb, kerb + side * 0.16), reverse=True)
            yield (
                s[0],
                Piece(strip(street, s, (edge[0], edge[1]), KERBSTONE, KERB_M), None, paved, PAVING),
            )
            yield s[0], Piece(wall(street, s, kerb, KERB_M, KERBSTONE), None, paved, PAVING)
        tarmac = strip(street, s, (left + under, right - under), TARMAC, texture_m=8, step=5)
        yield s[0], Piece(tarmac, "asphalt", road, ROAD)


def paint(street: Street, rng: np.random.Generator) -> Iterator[tuple[float, Piece]]:
    """Lane lines (0.14 m wide) and zebra stripes."""
    road = CLASS["Road"]

    def stroke(s0: float, s1: float, d: float, half: float) -> tuple[float, Piece]:
        return s0, Piece(strip(street, (s0, s1), (d + half, d - half), WHITE), None, road, PAINT)

    free = [(zebra - 3.5, zebra + 3.5) for zebra in street.crossings]
    for line in street.lines:
        if line.dashed:
            starts = np.arange(-BEHIND_M, street.length_m - DASH_M, DASH_EVERY_M)
            spans = [(s, s + DASH_M) for s in starts.tolist()]
        else:
            spans = list(stretches(street))
        for s0, s1 in spans:
            for a, b in without(free, s0, s1):
                yield stroke(a, b, line.d, 0.07)
    for zebra in street.crossings:
        d = street.right_kerb + 0.4
        while d < street.left_kerb - 0.6:
            yield stroke(zebra - 1.8, zebra + 1.8, d + 0.25, 0.25)
            d += 1.0
        yield stroke(
            zebra - 3.2, zebra - 2.8, -street.lanes * LANE_M / 2, street.lanes * LANE_M / 2 - 0.1
        )


def without(gaps: list[tuple[float, float]], s0: float, s1: float) -> Iterator[tuple[float, float]]:
    """The parts of s0..s1 outside of the gaps, which are in order."""
    for low, high in gaps:
        if high <= s0 or low >= s1:
            continue
        if low > s0:
            yield s0, low
        s0 = max(high, s0)
    if s0 < s1:
        yield s0, s1


def houses(street: Street, rng: np.random.Generator) -> Iterator[tuple[float, Piece]]:
    """Rows of buildings behind the pavements, with gaps now and then."""
    for side, kerb in ((1, street.left_kerb), (-1, street.right_kerb)):
        front = kerb + side * (street.pavement_m + 0.1)
        s = -BEHIND_M
        while s < street.length_m - 30:
            width = BAY_M * int(rng.integers(3, 8))
            if rng.random() < 0.14:
                yield from park(street, rng, (s, s + width), front, side)
            else:
                for texture, mesh in buildings.building(rng, width):
                    placed = along_street(street, mesh, s + width / 2, front, side)
                    yield s + width / 2, Piece(placed, texture, CLASS["Building"])
            s += width + (float(rng.uniform(1.5, 6)) if rng.random() < 0.2 else 0.0)


def hills(seed: int) -> Piece:
    """Wooded hills all around the camera; they are so far that they go with it."""
    rng = np.random.default_rng((seed, 2))
    around = np.linspace(0, 2 * np.pi, 121)
    waves = np.array([3, 8, 13, 29])[:, None]
    heights = rng.uniform(2, 5, (4, 1)) * np.sin(waves * around + rng.uniform(0, 7, (4, 1)))
    top = 13 + heights.sum(axis=0) + rng.uniform(0, 1.2, 121)
    ring = HILLS_M * np.stack([np.cos(around), np.sin(around)], axis=1)
    low, high = np.insert(ring, 2, -9.0, axis=1), np.column_stack([ring, top])
    slopes = np.stack([low[1:], low[:-1], high[:-1], high[1:]], axis=1)
    return Piece(polygons(slopes, (0.30, 0.40, 0.24)), None, FAR_WOODS, HILLS)


def along_street(street: Street, mesh: Mesh, s: float, d: float, side: int) -> Mesh:
    """A mesh whose front looks along -y, placed to look at the street from its `side`."""
    x, y = street.world(s, d)
    return mesh.moved(
        float(x), float(y), 0.0, float(street.heading(s)) + (0 if side > 0 else np.pi)
    )


def park(
    street: Street, rng: np.random.Generator, s: tuple[float, float], front: float, side: int
) -> Iterator[tuple[float, Piece]]:
    """A gap between houses: a fence with trees behind it."""
    for post in np.arange(s[0], s[1], 2.0):
        x, y = street.world(float(post), front)
        yield s[0], Piece(tube((x, y, 0), (x, y, 1.25), 0.035, METAL, 4), None, CLASS["Fence"])
    for height in np.linspace(0.25, 1.15, 4):
        rail = wall(street, s, front, 0.06, METAL).moved(0, 0, float(height))
        yield s[0], Piece(rail, None, CLASS["Fence"])
    for _ in range(int(rng.integers(3, 6))):
        place = float(rng.uniform(*s)), front + side * float(rng.uniform(3, 14))
        yield from tree_at(street, rng, *place)


def tree_at(
    street: Street, rng: np.random.Generator, s: float, d: float
) -> Iterator[tuple[float, Piece]]:
    """A tree with the shadow under it."""
    x, y = (float(v) for v in street.world(s, d))
    trunk, crown, afar = (mesh.moved(x, y) for mesh in plants.tree(rng))
    yield s, Piece(trunk, None, CLASS["Tree"])
    yield s, Piece(crown, "leaves", CLASS["Tree"], seen_m=(0.0, AFAR_M))
    yield s, Piece(afar, "leaves", CLASS["Tree"], seen_m=(AFAR_M, DRAWN_M))
    shadow = blob(2.6, 2.2).moved(x + 0.8, y - 1.2)
    yield s, Piece(shadow, None, CLASS["Road"], SHADOW, seen_m=(0.0, AFAR_M))


def trees(street: Street, rng: np.random.Generator) -> Iterator[tuple[float, Piece]]:
    """Street trees near the kerb, on some streets."""
    for side, kerb in ((1, street.left_kerb), (-1, street.right_kerb)):
        if rng.random() < 0.25:
            continue
        for s in np.arange(-5.0, street.length_m - 20, float(rng.uniform(11, 18))):
            if all(abs(s - zebra) > 7 for zebra in street.crossings):
                yield from tree_at(street, rng, float(s), kerb + side * 1.0)


def countryside(street: Street, rng: np.random.Generator) -> Iterator[tuple[float, Piece]]:
    """Trees and bushes in the fields, crash barriers on one side."""
    for side, kerb in ((1, street.left_kerb), (-1, street.right_kerb)):
        for s in np.arange(0.0, street.length_m, float(rng.uniform(9, 16))):
            off = float(rng.uniform(7, 30))
            yield from tree_at(street, rng, float(s) + float(rng.uniform(-4, 4)), kerb + side * off)
    side, kerb = (1, street.left_kerb) if rng.random() < 0.5 else (-1, street.right_kerb)
    for s in stretches(street):
        rail = wall(street, s, kerb + side * 1.0, 0.32, (0.66, 0.67, 0.68)).moved(0, 0, 0.42)
        yield s[0], Piece(rail, None, CLASS["Fence"])
        for post in np.arange(s[0], s[1], 4.0):
            x, y = street.world(float(post), kerb + side * 1.05)
            yield s[0], Piece(tube((x, y, 0), (x, y, 0.7), 0.06, METAL, 4), None, CLASS["Fence"])


def furniture(street: Street, rng: np.random.Generator) -> Iterator[tuple[float, Piece]]:
    """Lamp posts, and signs at crossings."""
    pole, sign = CLASS["Pole"], CLASS["SignSymbol"]
    for s, d, side in lamp_places(street):
        post, head = (along_street(street, part, s, d, side) for part in lamp_post())
        yield s, Piece(post, None, pole)
        yield s, Piece(head, None, pole, shines=True)
    signs = [(zebra - 3.0, zebra_sign()) for zebra in street.crossings]
    signs += [(float(rng.uniform(15, 120)), round_sign()) for _ in range(2)]
    for s, board in signs:
        post = tube((0, 0, 0), (0, 0, 2.2), 0.035, METAL)
        d = street.right_kerb - roadside_m(street)
        yield s, Piece(facing_us(street, post, s, d), None, pole)
        yield s, Piece(facing_us(street, board, s, d), None, sign)


def roadside_m(street: Street) -> float:
    """How far behind the kerb posts stand."""
    return 0.45 if street.built_up else 1.8


def lamp_places(street: Street) -> Iterator[tuple[float, float, int]]:
    """(s, d, side) of the feet of the lamp posts."""
    for s in np.arange(6.0, street.length_m - 10, 30.0).tolist():
        side, kerb = (1, street.left_kerb) if (s // 30) % 2 else (-1, street.right_kerb)
        yield s, kerb + side * roadside_m(street), side


def lamp_heads(street: Street) -> NDArray[np.float64]:
    """(N, 2) x, y of what shines on the lamp posts."""
    places = [(s, d - side * LAMP_ARM_M) for s, d, side in lamp_places(street)]
    return street.world(*np.array(places).T)


def facing_us(street: Street, mesh: Mesh, s: float, d: float) -> Mesh:
    """A mesh whose front looks along -x, placed to look at coming traffic."""
    x, y = street.world(s, d)
    return mesh.moved(float(x), float(y), 0.0, float(street.heading(s)))


def lamp_post() -> tuple[Mesh, Mesh]:
    """A mast with an arm over the street (towards -y), and the lamp at its end."""
    mast = [
        taper((0, 0, 0), (0, 0, 7.5), 0.09, 0.05, METAL),
        tube((0, 0, 7.4), (0, -1.7, 7.8), 0.045, METAL),
    ]
    lamp = (-0.12, -LAMP_ARM_M - 0.35, 7.72), (0.12, -LAMP_ARM_M + 0.35, 7.84)
    return join(mast), box(*lamp, (0.72, 0.72, 0.70))


def disc(radius: float, sides: int, x: float, z: float, colour: Colour, turn: float = 0.0) -> Mesh:
    """A flat regular polygon that looks along -x."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False) + turn
    points = np.stack([np.full(sides, x), -radius * np.cos(angle), z + radius * np.sin(angle)], 1)
    return polygons(points[None], colour)


# Strokes of a figure: middle to the left, middle upwards, width, height [m].
STROKES = {
    "top": (0.0, 0.11, 0.11, 0.03), "centre": (0.0, 0.0, 0.11, 0.03),
    "bottom": (0.0, -0.11, 0.11, 0.03),
    "high left": (0.05, 0.055, 0.03, 0.13), "high right": (-0.05, 0.055, 0.03, 0.13),
    "low left": (0.05, -0.055, 0.03, 0.13), "low right": (-0.05, -0.055, 0.03, 0.13),
}  # fmt: skip


def round_sign() -> Mesh:
    """A speed limit of 50: red ring, white middle, dark figures of straight strokes."""
    strokes = []
    for middle, missing in ((0.085, ("high right", "low left")), (-0.085, ("centre",))):
        for name, (y, z, wide, high) in STROKES.items():
            if name not in missing:
                low = (-0.065, middle + y - wide / 2, 2.43 + z - high / 2)
                strokes.append(box(low, (-0.055, low[1] + wide, low[2] + high), (0.08, 0.08, 0.09)))
    ring, middle_disc = (
        disc(0.32, 18, -0.04, 2.43, (0.78, 0.08, 0.09)),
        disc(0.25, 18, -0.05, 2.43, WHITE),
    )
    return join([ring, middle_disc, *strokes])


def zebra_sign() -> Mesh:
    """A blue square with a white triangle."""
    square = disc(0.42, 4, -0.04, 2.45, (0.08, 0.25, 0.62), np.pi / 4)
    return join([square, disc(0.24, 3, -0.05, 2.42, WHITE, np.pi / 2)])


def blob(half_x: float, half_y: float, strength: float = 0.42) -> Mesh:
    """A soft shadow on the ground: dark in the middle, nothing at the rim."""
    angle = np.linspace(0, 2 * np.pi, BLOB_SIDES, endpoint=False)
    rim = np.stack([half_x * np.cos(angle), half_y * np.sin(angle), 0 * angle], axis=1)
    rings = np.stack([rim, rim * 0.6, rim * 0.0])
    mesh = skin(rings, np.tile([0.0, 0.0, 1.0], (3, BLOB_SIDES, 1)), (0.04, 0.05, 0.08))
    mesh.colours[:, 3] = strength
    mesh.colours[:BLOB_SIDES, 3] = 0.0
    return mesh
