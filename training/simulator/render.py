"""Pictures and their ground truth with Panda3D's software renderer.

Two cameras look from the same place: one sees the street, at SMOOTH times the size for soft edges;
the other sees everything in flat colours that say what it is and how far away.  Only this file,
panda.py and puppets.py know Panda3D.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d import core as p3

from road_clarity.training.simulator.bodies import Body
from road_clarity.training.simulator.camera import Camera
from road_clarity.training.simulator.look import (
    Look,
    depth_of_code,
    faded,
    sky_picture,
    weathered,
)
from road_clarity.training.simulator.mesh import Mesh, lit, polygons
from road_clarity.training.simulator.night import Beam, lamplit
from road_clarity.training.simulator.panda import (
    IDENTITY_STEP,
    KIND_STEP,
    STREET_EYE,
    TRUTH_EYE,
    Eye,
    canvas,
    engine,
    flat_state,
    geometry,
    surface,
    wrapped,
)
from road_clarity.training.simulator.puppets import Placed, Puppet, beam, drives, kind_of
from road_clarity.training.simulator.rain import rained_on
from road_clarity.training.simulator.scenery import (
    CLASS,
    DRAWN_M,
    FAR_WOODS,
    HILLS,
    HILLS_M,
    SHADOW,
    SKY,
    Piece,
)

SMOOTH = 2
DETAILED_PX = 640  # width of a picture for which distances of detail hold; they scale with it
SKY_M = 900.0
LAMPLIGHT = (1.0, 0.93, 0.74)


@dataclass(frozen=True, eq=False)
class Shot:
    picture: NDArray[np.uint8]  # (h, w, 3) RGB
    kinds: NDArray[np.uint8]  # (h, w) index into CLASSES
    identities: NDArray[np.uint8]  # (h, w) id of the road user, 0: none
    depth_m: NDArray[np.float32]  # (h, w) along the optical axis, to about 2 %


class Stage:
    """A street in front of two cameras."""

    def __init__(
        self, size: tuple[int, int], pieces: Iterable[Piece], look: Look,
        lamps: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """lamps: (N, 2) x, y of the street lamps"""
        self._look, self._lamps, self._drawn = look, lamps, 0
        self._detail = size[0] / DETAILED_PX
        self._root = p3.NodePath("street")
        smooth = (size[0] * SMOOTH, size[1] * SMOOTH)
        self._eye = Eye(smooth, self._root, STREET_EYE)
        self._truth = Eye(size, self._root, TRUTH_EYE)
        self._truth.camera.setTagStateKey("truth")
        self._known: set[str] = set()
        self._puppets: dict[int, Puppet] = {}
        self._backdrop = self._root.attachNewNode("backdrop")  # so far that it goes with the camera
        canvas(self._tagged(self._backdrop.attachNewNode(sky(look)), CLASS["Sky"], 0), SKY)
        for piece in pieces:
            self._add(piece)

    def _add(self, piece: Piece) -> None:
        mesh = self._in_light(piece)
        if piece.layer == HILLS:
            mesh = mesh.painted(faded(mesh.colours[0, :3], HILLS_M, self._look))
        parent = (
            self._backdrop if piece.layer == HILLS else at_distance(self._root, piece, self._detail)
        )
        node = set_up(parent.attachNewNode(geometry(mesh)), piece, self._look.lamps)
        self._tagged(node, piece.kind, 0)

    def _in_light(self, piece: Piece) -> Mesh:
        """With its colours by day, or when lamps are lit."""
        if self._look.lamps and piece.shines:
            return piece.mesh.painted(LAMPLIGHT)
        if piece.layer == SHADOW or (self._look.lamps and is_house(piece)):
            return piece.mesh
        return lit(piece.mesh, self._look.sun, self._look.ambient)

    def draw(self, view: Camera, placed: Sequence[Placed], viewer: Placed) -> Shot:
        """What a camera sees of the street with these road users; the viewer's lamps shine, too."""
        self._backdrop.setPos(*view.position)
        for one in placed:
            distance_m = math.hypot(one.x - view.position[0], one.y - view.position[1])
            self._puppet(one.body).take(one, distance_m)
        for eye in (self._eye, self._truth):
            eye.look(view)
        engine()[0].renderFrame()
        self._drawn += 1
        return self._shot(view, [beam(one) for one in (*placed, viewer) if drives(one.body)])

    def close(self) -> None:
        """Gives the buffers back."""
        self._eye.close()
        self._truth.close()

    def _shot(self, view: Camera, beams: list[Beam]) -> Shot:
        red, green, codes = cv2.split(self._truth.seen(view.size))
        kinds, identities = red // KIND_STEP, green // IDENTITY_STEP
        backdrop = (kinds == CLASS["Sky"]) | (kinds == FAR_WOODS)
        picture, depth_m = self._eye.seen(view.size), cv2.LUT(codes, depth_of_code())
        if self._look.lamps:
            picture = lamplit(picture, depth_m, backdrop, view, self._lamps, beams)
        picture = weathered(picture, codes, backdrop, self._look)
        kinds[kinds == FAR_WOODS] = CLASS["Tree"]
        if self._look.rain:
            picture = rained_on(picture, kinds, view, self._drawn)
        return Shot(picture, kinds, identities, np.asarray(depth_m, np.float32))

    def _puppet(self, body: Body) -> Puppet:
        if body.id not in self._puppets:
            puppet = Puppet(self._root, body, self._look, self._detail)
            self._tagged(puppet.node, kind_of(body), body.id)
            self._puppets[body.id] = puppet
        return self._puppets[body.id]

    def _tagged(self, node: Any, kind: int, identity: int) -> Any:
        """Tells the second camera the flat colour of a node."""
        tag = f"{kind}.{identity}"
        if tag not in self._known:
            self._known.add(tag)
            self._truth.camera.setTagState(tag, flat_state(kind, identity))
        node.setTag("truth", tag)
        return node


def is_house(piece: Piece) -> bool:
    """Whether it has windows with people behind them."""
    return piece.kind == CLASS["Building"] and piece.texture is not None


def at_distance(root: Any, piece: Piece, detail: float) -> Any:
    """Where a piece hangs, so that it is drawn within its distances only."""
    switch = p3.LODNode("distance")
    near, far = (m if m in (0.0, DRAWN_M) else m * detail for m in piece.seen_m)
    switch.addSwitch(far, near)
    middle = piece.mesh.vertices.mean(axis=0)
    switch.setCenter(p3.LPoint3f(*middle.tolist()))
    return root.attachNewNode(switch)


def set_up(node: Any, piece: Piece, night: bool) -> Any:
    """Texture and layer of a piece."""
    if piece.texture is not None:
        node.setTexture(wrapped(piece.texture, night and is_house(piece)))
    canvas(node, piece.layer)
    return node


def sky(look: Look) -> Any:
    """A dome around the camera that wears the picture of the sky twice."""
    height, around = np.linspace(-0.02, 1.0, 13), np.linspace(0, 2 * np.pi, 33)
    rise, turn = np.meshgrid(height, around, indexing="ij")
    flat = np.sqrt(1 - rise**2)
    points = SKY_M * np.stack([flat * np.cos(turn), flat * np.sin(turn), rise], axis=2)
    uvs = np.stack([turn / np.pi, np.clip(rise, 0.003, 0.997)], axis=2)
    node = p3.NodePath(geometry(polygons(quads(points), (1, 1, 1), quads(uvs))))
    node.setTexture(surface(sky_picture(look), p3.SamplerState.WMRepeat))
    return node.node()


def quads(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, K, n) points in rows -> ((R - 1) * (K - 1), 4, n), seen from inside."""
    corners = [grid[:-1, 1:], grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:]]
    return np.stack(corners, axis=2).reshape(-1, 4, grid.shape[2])
