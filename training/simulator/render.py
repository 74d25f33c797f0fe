"""Pictures and their ground truth with Panda3D's software renderer (the one file that knows it).

Two cameras look from the same place: one sees the street, at SMOOTH times the size for soft edges;
the other sees everything in flat colours that say class (red), identity (green) and depth (blue).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d import core as p3

from road_clarity.training.simulator import people, vehicles
from road_clarity.training.simulator.bodies import CYCLISTS, VEHICLES, Body
from road_clarity.training.simulator.camera import NEAREST_M, Camera
from road_clarity.training.simulator.look import (
    FARTHEST_M,
    Look,
    depth_code,
    depth_of_code,
    sky_picture,
    weathered,
)
from road_clarity.training.simulator.mesh import Mesh, ball, lit
from road_clarity.training.simulator.scenery import CLASS, GROUND, SHADOW, SOLID, Piece, blob
from road_clarity.training.simulator.textures import Picture, texture

SMOOTH = 2
DRAWN_M = 160.0  # road users farther away are not drawn
STREET_EYE, TRUTH_EYE = p3.BitMask32.bit(0), p3.BitMask32.bit(1)
KIND_STEP, IDENTITY_STEP = 20, 2  # of the flat colours; the renderer may be off by one
IDENTITIES = 126
SETTINGS = """
load-display p3tinydisplay
audio-library-name null
notify-level-x11display fatal
notify-level-device fatal
"""


@dataclass(frozen=True)
class Placed:
    """A road user in the world."""

    body: Body
    x: float
    y: float
    yaw: float


@dataclass(frozen=True, eq=False)
class Shot:
    picture: NDArray[np.uint8]  # (h, w, 3) RGB
    kinds: NDArray[np.uint8]  # (h, w) index into CLASSES
    identities: NDArray[np.uint8]  # (h, w) id of the road user, 0: none
    depth_m: NDArray[np.float32]  # (h, w) along the optical axis, to about 2 %


@cache
def engine() -> tuple[Any, Any]:
    """The graphics engine and its pipe, one per process."""
    p3.loadPrcFileData("", SETTINGS)
    pipe = p3.GraphicsPipeSelection.getGlobalPtr().makeModulePipe("p3tinydisplay")
    return p3.GraphicsEngine.getGlobalPtr(), pipe


class Eye:
    """An off-screen buffer with its camera."""

    def __init__(self, size: tuple[int, int], root: Any, mask: Any) -> None:
        graphics, pipe = engine()
        depth = p3.FrameBufferProperties()
        depth.setRgbaBits(8, 8, 8, 8)
        depth.setDepthBits(24)
        window = p3.WindowProperties.size(*size)
        self._size = size
        self._buffer = graphics.makeOutput(
            pipe, "eye", 0, depth, window, p3.GraphicsPipe.BFRefuseWindow
        )
        self._picture = p3.Texture()
        self._buffer.addRenderTexture(self._picture, p3.GraphicsOutput.RTMCopyRam)
        self.camera = p3.Camera("eye", p3.PerspectiveLens())
        self.camera.setCameraMask(mask)
        self.node = root.attachNewNode(self.camera)
        region = self._buffer.makeDisplayRegion()
        region.setCamera(self.node)
        region.setClearColorActive(True)
        region.setClearDepthActive(True)

    def look(self, view: Camera) -> None:
        """Takes the place of `view`."""
        lens = self.camera.getLens()
        lens.setFilmSize(view.size[0], view.size[1])
        lens.setFov(view.fov_deg)
        lens.setNearFar(NEAREST_M, FARTHEST_M + 200)
        self.node.setPos(*view.position)
        self.node.setHpr(math.degrees(view.yaw) - 90, math.degrees(view.pitch), 0)

    def seen(self) -> NDArray[np.uint8]:
        """(h, w, 3) RGB of the last frame."""
        width, height = self._size
        raw = np.frombuffer(self._picture.getRamImage(), np.uint8).reshape(height, width, 4)
        return raw[::-1, :, 2::-1]  # Panda3D: BGRA from the bottom up

    def close(self) -> None:
        engine()[0].removeWindow(self._buffer)


class Stage:
    """A street in front of two cameras."""

    def __init__(self, size: tuple[int, int], pieces: Iterable[Piece], look: Look) -> None:
        self._look = look
        self._root = p3.NodePath("street")
        self._root.setTwoSided(True)
        smooth = (size[0] * SMOOTH, size[1] * SMOOTH)
        self._eye = Eye(smooth, self._root, STREET_EYE)
        self._truth = Eye(size, self._root, TRUTH_EYE)
        self._truth.camera.setTagStateKey("truth")
        self._known: set[str] = set()
        self._puppets: dict[int, Puppet] = {}
        for piece in pieces:
            mesh = piece.mesh if piece.layer == SHADOW else lit(piece.mesh, look.sun, look.ambient)
            self._tagged(set_up(self._root.attachNewNode(geometry(mesh)), piece), piece.kind, 0)
        self._sky = self._tagged(self._root.attachNewNode(sky(look)), CLASS["Sky"], 0)
        canvas(self._sky, GROUND - 1)

    def draw(self, view: Camera, placed: Sequence[Placed]) -> Shot:
        """What a camera sees of the street with these road users."""
        self._sky.setPos(*view.position)
        for one in placed:
            near = math.hypot(one.x - view.position[0], one.y - view.position[1]) < DRAWN_M
            self._puppet(one.body).take(one, near)
        for eye in (self._eye, self._truth):
            eye.look(view)
        engine()[0].renderFrame()
        return self._shot(view.size)

    def close(self) -> None:
        """Gives the buffers back."""
        self._eye.close()
        self._truth.close()

    def _shot(self, size: tuple[int, int]) -> Shot:
        flat = self._truth.seen()
        kinds = flat[..., 0] // KIND_STEP
        codes = np.ascontiguousarray(flat[..., 2])
        fine = np.ascontiguousarray(self._eye.seen())
        picture = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
        picture = weathered(picture, codes, kinds == CLASS["Sky"], self._look)
        return Shot(picture, kinds, flat[..., 1] // IDENTITY_STEP, depth_of_code()[codes])

    def _puppet(self, body: Body) -> Puppet:
        if body.id not in self._puppets:
            puppet = Puppet(self._root, body, self._look)
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


class Puppet:
    """A road user on the stage; what has joints moves them."""

    def __init__(self, root: Any, body: Body, look: Look) -> None:
        self.node = root.attachNewNode(str(body.id))
        self._limbs: dict[str, tuple[Any, tuple[float, float, float]]] = {}
        self._lamps = None
        size = body.size
        shadow = blob(
            size.length * 0.56, size.width * 0.62, 0.62 if body.label == "vehicle" else 0.5
        )
        flat = Piece(shadow, None, 0, SHADOW)
        set_up(self.node.attachNewNode(geometry(shadow)), flat)
        if body.model in VEHICLES:
            self._attach(self.node, vehicles.vehicle(body.model, body.tint), look)
            self._lamps = self.node.attachNewNode(geometry(vehicles.brake_lamps(body.model)))
        else:
            self._add_person(body, look)

    def take(self, place: Placed, near: bool) -> None:
        """Stands, walks or drives there."""
        if not near:
            self.node.stash()
            return
        self.node.unstash()
        self.node.setPos(place.x, place.y, 0)
        self.node.setH(math.degrees(place.yaw))
        body = place.body
        if self._lamps is not None:
            braking = body.acceleration < -0.8 or (body.speed < 0.1 and body.acceleration < 0)
            self._lamps.show() if braking else self._lamps.hide()
        rides = body.model in CYCLISTS
        angles = (
            people.seated_pose(body.travelled) if rides else people.pose(body.travelled, body.speed)
        )
        for name, (node, joint) in self._limbs.items():
            node.setMat(p3.LMatrix4f(*people.joint_matrix(joint, angles[name]).ravel().tolist()))

    def _add_person(self, body: Body, look: Look) -> None:
        trunk, limbs = people.figure(body.tint)
        figure = self.node.attachNewNode("figure")
        figure.setScale(body.size.height / 1.75)
        if body.model in CYCLISTS:
            self._attach(self.node, people.bicycle(), look)
            figure.setPos(-0.2, 0, 0.10)
        self._attach(figure, trunk, look)
        for limb in limbs:
            parent = self._limbs[limb.parent][0] if limb.parent else figure
            self._limbs[limb.name] = (self._attach(parent, limb.mesh, look), limb.joint)

    def _attach(self, parent: Any, mesh: Mesh, look: Look) -> Any:
        return parent.attachNewNode(geometry(lit(mesh, look.sun, look.ambient)))


def kind_of(body: Body) -> int:
    """The class of a road user."""
    if body.model in VEHICLES:
        return CLASS["Car"]
    return CLASS["Bicyclist" if body.model in CYCLISTS else "Pedestrian"]


def set_up(node: Any, piece: Piece) -> Any:
    """Texture and layer of a piece."""
    if piece.texture is not None:
        node.setTexture(wrapped(piece.texture))
    if piece.layer != SOLID:
        canvas(node, piece.layer)
    if piece.layer == SHADOW:
        node.setTransparency(p3.TransparencyAttrib.MAlpha)
        node.hide(TRUTH_EYE)
    return node


def canvas(node: Any, layer: int) -> None:
    """Painted over what lies below, without regard to depth."""
    node.setBin("background", layer)
    node.setDepthTest(False)
    node.setDepthWrite(False)


def geometry(mesh: Mesh) -> Any:
    """A mesh as a scene graph node."""
    rows = np.zeros(len(mesh.vertices), [("v", "f4", 3), ("c", "u1", 4), ("t", "f4", 2)])
    rows["v"], rows["t"] = mesh.vertices, mesh.uvs
    rows["c"] = np.round(np.clip(mesh.colours, 0, 1) * 255)
    data = p3.GeomVertexData("mesh", p3.GeomVertexFormat.getV3c4t2(), p3.Geom.UHStatic)
    data.uncleanSetNumRows(len(rows))
    data.modifyArrayHandle(0).copyDataFrom(rows.tobytes())
    triangles = p3.GeomTriangles(p3.Geom.UHStatic)
    triangles.setIndexType(p3.Geom.NTUint32)
    indices = triangles.modifyVertices()
    indices.uncleanSetNumRows(mesh.triangles.size)
    indices.modifyHandle().copyDataFrom(mesh.triangles.astype(np.uint32).tobytes())
    geom = p3.Geom(data)
    geom.addPrimitive(triangles)
    node = p3.GeomNode("mesh")
    node.addGeom(geom)
    return node


@cache
def wrapped(name: str) -> Any:
    """A texture by name, repeating in both directions."""
    return surface(texture(name), p3.SamplerState.WMRepeat)


def surface(picture: Picture, wrap: Any) -> Any:
    """(h, w, 3) RGB as a texture with mipmaps."""
    made = p3.Texture()
    made.setup2dTexture(
        picture.shape[1], picture.shape[0], p3.Texture.TUnsignedByte, p3.Texture.FRgb
    )
    made.setRamImage(np.ascontiguousarray(picture[::-1, :, ::-1]).tobytes())
    made.setMinfilter(p3.SamplerState.FTLinearMipmapLinear)
    made.setMagfilter(p3.SamplerState.FTLinear)
    made.setWrapU(wrap)
    made.setWrapV(wrap)
    return made


def sky(look: Look) -> Any:
    """A dome around the camera that wears the picture of the sky."""
    dome = ball((0, 0, 0), (400, 400, 400), (1, 1, 1), rows=24, sides=32)
    height = np.clip(dome.vertices[:, 2] / 400, 0.004, 0.996)
    around = np.arctan2(dome.vertices[:, 1], -dome.vertices[:, 0]) / (2 * np.pi) + 0.5
    dome.uvs[:] = np.stack([around, height], axis=1)
    node = p3.NodePath(geometry(dome))
    node.setTexture(surface(sky_picture(look), p3.SamplerState.WMRepeat))
    return node.node()


@cache
def depth_ramp() -> Any:
    """Blue falls from 0 m (0) to FARTHEST_M (255), red and green leave their colours alone."""
    codes = depth_code(np.linspace(0, FARTHEST_M, 1024))
    picture = np.full((1, 1024, 3), 255, np.uint8)
    picture[0, :, 2] = np.round(codes)
    made = surface(picture, p3.SamplerState.WMClamp)
    made.setMinfilter(p3.SamplerState.FTLinear)
    return made


def flat_state(kind: int, identity: int) -> Any:
    """What the second camera sees instead of the paint: class, identity, depth."""
    red, green = kind * KIND_STEP + KIND_STEP / 2, identity * IDENTITY_STEP + 1.5
    stage = p3.TextureStage.getDefault()
    to_ramp = p3.Mat4(0, 0, 0, 0, 1 / FARTHEST_M, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    state = p3.RenderState.make(
        p3.ColorAttrib.makeFlat((red / 255, green / 255, 1, 1)),
        p3.TextureAttrib.make().addOnStage(stage, depth_ramp()),
        p3.TexGenAttrib.make(stage, p3.TexGenAttrib.MEyePosition),
        p3.TexMatrixAttrib.make(stage, p3.TransformState.makeMat(to_ramp)),
        1,
    )
    return state.addAttrib(p3.TransparencyAttrib.make(p3.TransparencyAttrib.MNone), 1)
