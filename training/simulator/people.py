"""People as jointed figures: head, torso, arms and legs that swing (and a bicycle).

x forward, z up from the ground, sizes of an adult of 1.75 m.  Every limb hangs from a joint; a pose
says how far each joint is turned about the y axis, positive forward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from road_clarity.training.simulator.mesh import (
    Colour,
    Mesh,
    Point,
    ball,
    box,
    floats,
    join,
    loft,
    taper,
    tube,
)

SKINS: tuple[Colour, ...] = (
    (0.87, 0.68, 0.56),
    (0.76, 0.57, 0.44),
    (0.53, 0.36, 0.26),
    (0.36, 0.24, 0.18),
)
HAIRS: tuple[Colour, ...] = (
    (0.12, 0.09, 0.07),
    (0.30, 0.20, 0.12),
    (0.55, 0.42, 0.24),
    (0.45, 0.44, 0.43),
)
TOPS: tuple[Colour, ...] = (
    (0.70, 0.14, 0.14), (0.15, 0.25, 0.50), (0.86, 0.85, 0.80), (0.16, 0.17, 0.19),
    (0.20, 0.42, 0.28), (0.82, 0.62, 0.16), (0.48, 0.30, 0.52), (0.42, 0.52, 0.62),
)  # fmt: skip
BOTTOMS: tuple[Colour, ...] = (
    (0.16, 0.20, 0.32),
    (0.12, 0.12, 0.13),
    (0.42, 0.37, 0.30),
    (0.30, 0.32, 0.36),
)
STRIDE_M, PEDALS_M = 1.45, 4.5  # two steps; one turn of the pedals
STEPS = 16
STANDING = -1
OUTFITS = 24
HIP_M, SHOULDER_M, ELBOW_M, KNEE_M = 0.88, 1.40, 0.27, 0.43


@dataclass(frozen=True)
class Limb:
    """A part that turns about a joint; `parent` hangs it under another limb."""

    name: str
    joint: Point
    mesh: Mesh
    parent: str | None = None


@cache
def walker(tint: int, step: int) -> Mesh:
    """A person in the clothes of that tint, at one of STEPS of a stride; STANDING stands."""
    angles = standing_pose() if step == STANDING else walking_pose(2 * math.pi * step / STEPS)
    bob = 0.0 if step == STANDING else 0.02 * math.cos(4 * math.pi * step / STEPS) - 0.02
    return figure(tint, angles).moved(0, 0, bob)


@cache
def rider(tint: int, step: int) -> Mesh:
    """A person on a bicycle, at one of STEPS of a turn of the pedals."""
    angles = cycling_pose(2 * math.pi * step / STEPS)
    return join([bicycle(), figure(tint, angles).moved(-0.2, 0, 0.1)])


def figure(tint: int, angles: dict[str, float]) -> Mesh:
    """Trunk with head, and the eight limbs turned by `angles` [rad], swinging forward."""
    trunk_mesh, limbs = parts(tint)
    turned = {limb.name: limb for limb in limbs}
    meshes = [trunk_mesh]
    for limb in limbs:
        mesh, link = limb.mesh, limb
        while True:
            mesh = swung(mesh, link.joint, angles[link.name])
            if link.parent is None:
                break
            link = turned[link.parent]
        meshes.append(mesh)
    return join(meshes)


def swung(mesh: Mesh, joint: Point, angle: float) -> Mesh:
    """A limb that hangs from the origin, swung forward about y and moved to its joint."""
    cos, sin = math.cos(angle), math.sin(angle)
    turn = floats([(cos, 0.0, sin), (0.0, 1.0, 0.0), (-sin, 0.0, cos)])
    return replace(mesh, vertices=mesh.vertices @ turn + floats(joint), normals=mesh.normals @ turn)


@cache
def parts(tint: int) -> tuple[Mesh, tuple[Limb, ...]]:
    """Trunk and limbs in the clothes of that tint."""
    skin, hair = SKINS[tint % 4], HAIRS[tint // 3 % 4]
    top, bottom = TOPS[tint * 3 // 2 % 8], BOTTOMS[tint // 2 % 4]
    limbs: list[Limb] = []
    for side, y in (("left", 1.0), ("right", -1.0)):
        limbs += leg(side, y * 0.095, bottom)
        limbs += arm(side, y * 0.23, top, skin)
    return trunk(top, bottom, skin, hair, coat=tint % 5 == 0, bag=tint % 3 == 0), tuple(limbs)


def trunk(top: Colour, bottom: Colour, skin: Colour, hair: Colour, coat: bool, bag: bool) -> Mesh:
    """Hips, chest, neck, head and hair; some wear a long coat, some a backpack."""
    chest = ((0.97, 0.105, 0.16), (1.15, 0.105, 0.155), (1.35, 0.12, 0.20), (1.45, 0.08, 0.15))
    meshes = [
        torso(((0.84, 0.10, 0.15), (0.98, 0.105, 0.16)), bottom),
        torso(chest, top),
        taper((0, 0, 1.43), (0.01, 0, 1.54), 0.055, 0.05, skin),
        ball((0.015, 0, 1.635), (0.095, 0.078, 0.118), skin, rows=6),
        ball((-0.012, 0, 1.665), (0.098, 0.086, 0.105), hair, rows=6),
    ]
    if coat:
        meshes.append(torso(((0.62, 0.155, 0.20), (0.98, 0.115, 0.17)), top))
    if bag:
        meshes.append(box((-0.27, -0.14, 1.05), (-0.09, 0.14, 1.42), BOTTOMS[1]))
    return join(meshes)


def torso(rings: tuple[tuple[float, float, float], ...], colour: Colour) -> Mesh:
    """Skin over ellipses given as (height, half depth, half width) [m]."""
    angle = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    points = [np.stack([rx * np.cos(angle), ry * np.sin(angle), np.full(10, z)], axis=1)
              for z, rx, ry in rings]  # fmt: skip
    return loft(np.stack(points), colour, smooth=True)


def leg(side: str, y: float, colour: Colour) -> list[Limb]:
    """Thigh, and shin with shoe under it."""
    thigh = taper((0, 0, 0.03), (0, 0, -KNEE_M), 0.088, 0.062, colour)
    shin = join([
        taper((0, 0, 0.02), (0, 0, -0.40), 0.060, 0.045, colour),
        box((-0.07, -0.045, -0.45), (0.17, 0.045, -0.37), (0.10, 0.09, 0.09)),
    ])  # fmt: skip
    return [
        Limb(f"{side} thigh", (0.0, y, HIP_M), thigh),
        Limb(f"{side} shin", (0.0, 0.0, -KNEE_M), shin, parent=f"{side} thigh"),
    ]


def arm(side: str, y: float, top: Colour, skin: Colour) -> list[Limb]:
    """Upper arm, and lower arm with hand under it."""
    upper = taper((0, 0, 0.02), (0, 0, -ELBOW_M), 0.055, 0.043, top)
    lower = join([
        taper((0, 0, 0.01), (0, 0, -0.22), 0.043, 0.034, top),
        ball((0.0, 0, -0.27), (0.035, 0.03, 0.06), skin, rows=4, sides=6),
    ])  # fmt: skip
    return [
        Limb(f"{side} arm", (0.0, y, SHOULDER_M), upper),
        Limb(f"{side} forearm", (0.0, 0.0, -ELBOW_M), lower, parent=f"{side} arm"),
    ]


def walking_pose(phase: float) -> dict[str, float]:
    """Joint angles [rad] at a phase of the stride; arms swing against legs, knees bend back."""
    angles: dict[str, float] = {}
    for side, shift in (("left", 0.0), ("right", math.pi)):
        angles[f"{side} thigh"] = 0.48 * math.sin(phase + shift)
        angles[f"{side} shin"] = -0.8 * max(math.cos(phase + shift), 0.0) - 0.05
        angles[f"{side} arm"] = -0.36 * math.sin(phase + shift)
        angles[f"{side} forearm"] = 0.45
    return angles


def standing_pose() -> dict[str, float]:
    """Everything hangs."""
    return {name: 0.12 * name.endswith("forearm") for name in walking_pose(0.0)}


def cycling_pose(phase: float) -> dict[str, float]:
    """Legs go round, hands hold the bar."""
    angles: dict[str, float] = {}
    for side, shift in (("left", 0.0), ("right", math.pi)):
        angles[f"{side} thigh"] = 0.85 + 0.35 * math.sin(phase + shift)
        angles[f"{side} shin"] = -1.0 - 0.4 * math.cos(phase + shift)
        angles[f"{side} arm"] = 0.85
        angles[f"{side} forearm"] = 0.35
    return angles


def step_of(travelled: float, stride: float) -> int:
    """Which of STEPS of a stride (or turn of the pedals) somebody is in after so many metres."""
    return int(travelled / stride * STEPS) % STEPS


@cache
def bicycle() -> Mesh:
    """Two wheels, a frame, a bar and a saddle."""
    dark: Colour = (0.10, 0.10, 0.11)
    paint: Colour = (0.55, 0.12, 0.12)
    crank, head, seat = (-0.05, 0.0, 0.30), (0.42, 0.0, 0.82), (-0.20, 0.0, 0.88)
    rear, front = (-0.52, 0.0, 0.34), (0.52, 0.0, 0.34)
    bars = [(crank, head), (crank, seat), (seat, head), (rear, crank), (rear, seat), (front, head)]
    meshes = [tube(a, b, 0.02, paint, sides=4) for a, b in bars]
    meshes += [ring(rear, 0.34, dark), ring(front, 0.34, dark)]
    meshes.append(tube((0.42, -0.26, 0.98), (0.42, 0.26, 0.98), 0.018, dark, sides=4))
    meshes.append(box((-0.32, -0.07, 0.88), (-0.08, 0.07, 0.94), dark))
    return join(meshes)


def ring(centre: Point, radius: float, colour: Colour) -> Mesh:
    """A tyre that stands upright."""
    angle = np.linspace(0, 2 * np.pi, 13)
    points = [
        (centre[0] + radius * math.cos(a), 0.0, centre[2] + radius * math.sin(a)) for a in angle
    ]
    return join(
        tube(a, b, 0.025, colour, sides=4) for a, b in zip(points, points[1:], strict=False)
    )
