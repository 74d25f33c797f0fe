"""Pictures and their ground truth with Panda3D's software renderer (the one file that knows it).

Two cameras look from the same place: one sees the street, at SMOOTH times the size for soft edges;
the other sees everything in flat colours that say class (red), identity (green) and depth (blue).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
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
    faded,
    sky_picture,
    weathered,
)
from road_clarity.training.simulator.mesh import Mesh, lit, polygons
from road_clarity.training.simulator.night import Beam, lamplit
from road_clarity.training.simulator.rain import rained_on
from road_clarity.training.simulator.scenery import (
    CLASS,
    DRAWN_M,
    FAR_WOODS,
    HILLS,
    HILLS_M,
    SHADOW,
    SKY,
    SOLID,
    Piece,
    blob,
)
from road_clarity.training.simulator.textures import Picture, texture

SMOOTH = 2
AFAR_M = 60.0  # vehicles farther away have fewer triangles
DETAILED_PX = 640  # width of a picture for which such distances hold; they scale with it
ROAD_USERS_M = 160.0  # road users farther away are not drawn
SKY_M = 900.0
BEYOND_M = 4000.0  # nothing crosses the far plane: the renderer cuts colours wrongly there
STREET_EYE, TRUTH_EYE = p3.BitMask32.bit(0), p3.BitMask32.bit(1)
KIND_STEP, IDENTITY_STEP = 20, 2  # of the flat colours; the renderer may be off by one
LAMPLIGHT = (1.0, 0.93, 0.74)
ROUNDS_DOWN = 1.0  # by so much of 255, when the renderer multiplies paint and texture
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
    # Bins draw in the order of the scene graph.  Panda3D's own would sort by memory addresses, and
    # surfaces that lie in one place would win by chance.
    for layer in range(SKY, SOLID + 1):
        bins = p3.CullBinManager.getGlobalPtr()
        bins.addBin(f"layer {layer}", p3.CullBinManager.BTUnsorted, 100 + layer)
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
        lens.setNearFar(NEAREST_M, BEYOND_M)
        self.node.setPos(*view.position)
        self.node.setHpr(math.degrees(view.yaw) - 90, math.degrees(view.pitch), 0)

    def seen(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """(h, w, 3) RGB of the last frame, shrunk to `size`."""
        width, height = self._size
        raw = np.frombuffer(self._picture.getRamImage(), np.uint8).reshape(height, width, 4)
        if size != self._size:
            raw = cv2.resize(raw, size, interpolation=cv2.INTER_AREA)
        # Panda3D: BGRA from the bottom up.
        return np.asarray(cv2.flip(cv2.cvtColor(raw, cv2.COLOR_BGRA2RGB), 0))

    def close(self) -> None:
        engine()[0].removeWindow(self._buffer)


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
            self._puppet(one.body).take(one, distance_m, distance_m > AFAR_M * self._detail)
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
    """A road user on the stage; people change their mesh from step to step."""

    def __init__(self, root: Any, body: Body, look: Look) -> None:
        self.node = root.attachNewNode(str(body.id))
        self._look = look
        self._near = True
        self._posed: Body | None = None
        self._worn: int | None = None  # which mesh it has on
        size = body.size
        shadow = blob(size.length * 0.58, size.width * 0.66, 0.6)
        set_up(self.node.attachNewNode(geometry(shadow)), Piece(shadow, None, 0, SHADOW), False)
        self._mesh = self.node.attachNewNode("mesh")
        self._lamps: Any = None
        canvas(self.node, SOLID)
        if body.model in VEHICLES:
            self._lamps = self.node.attachNewNode(geometry(vehicles.brake_lamps(body.model)))
            if look.lamps and drives(body):
                self.node.attachNewNode(geometry(vehicles.lit_lamps(body.model)))
        else:
            self._mesh.setScale(size.height / 1.75)

    def take(self, place: Placed, distance_m: float, afar: bool) -> None:
        """Stands, walks or drives there."""
        near = distance_m < ROAD_USERS_M
        if near != self._near:
            self._near = near
            self.node.unstash() if near else self.node.stash()
        if not near:
            return
        body = place.body
        if body is not self._posed:
            self._posed = body
            self.node.setPos(place.x, place.y, 0)
            self.node.setH(math.degrees(place.yaw))
        if self._lamps is None:
            self._walk(body)
        else:
            self._drive(body, afar)

    def _drive(self, body: Body, afar: bool) -> None:
        braking = body.acceleration < -0.8 or (body.speed < 0.1 and body.acceleration < 0)
        self._lamps.show() if braking else self._lamps.hide()
        if afar != self._worn:
            self._worn = afar
            self._wear(vehicles.vehicle(body.model, body.tint % vehicles.FINISHES, afar))

    def _walk(self, body: Body) -> None:
        rides = body.model in CYCLISTS
        step = people.step_of(body.travelled, people.PEDALS_M if rides else people.STRIDE_M)
        if body.speed == 0 and not rides:
            step = people.STANDING
        if step != self._worn:
            self._worn = step
            outfit = body.tint % people.OUTFITS
            self._wear(people.rider(outfit, step) if rides else people.walker(outfit, step))

    def _wear(self, mesh: Mesh) -> None:
        self._mesh.node().removeAllChildren()
        self._mesh.attachNewNode(dressed(mesh, self._look))


@lru_cache(maxsize=2000)
def dressed(mesh: Mesh, look: Look) -> Any:
    """A mesh of the cast in the light of that look."""
    return geometry(lit(mesh, look.sun, look.ambient))


def drives(body: Body) -> bool:
    """Whether it is a vehicle with somebody at the wheel; then its lamps are lit in the dark."""
    return body.model in VEHICLES and (body.speed > 0 or body.travelled > 0)


def beam(one: Placed) -> Beam:
    """The headlamps of a vehicle."""
    ahead = one.body.size.length / 2
    return one.x + ahead * math.cos(one.yaw), one.y + ahead * math.sin(one.yaw), one.yaw


def is_house(piece: Piece) -> bool:
    """Whether it has windows with people behind them."""
    return piece.kind == CLASS["Building"] and piece.texture is not None


def kind_of(body: Body) -> int:
    """The class of a road user."""
    if body.model in VEHICLES:
        return CLASS["Car"]
    return CLASS["Bicyclist" if body.model in CYCLISTS else "Pedestrian"]


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
    if piece.layer == SHADOW:
        node.setTransparency(p3.TransparencyAttrib.MAlpha)
        node.hide(TRUTH_EYE)
    return node


def canvas(node: Any, layer: int) -> None:
    """Layers below SOLID are painted over one another without regard to depth."""
    node.setBin(f"layer {layer}", 0)
    node.setDepthTest(layer == SOLID)
    node.setDepthWrite(layer == SOLID)


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
def wrapped(name: str, night: bool) -> Any:
    """A texture by name, repeating in both directions."""
    return surface(texture(name, night), p3.SamplerState.WMRepeat)


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


@cache
def depth_ramp() -> Any:
    """Blue falls from 0 m (0) to FARTHEST_M (255), red and green leave their colours alone."""
    codes = depth_code((np.arange(1024) + 0.5) / 1024 * FARTHEST_M)  # middles of the texels
    picture = np.full((1, 1024, 3), 255, np.uint8)
    picture[0, :, 2] = np.minimum(np.round(codes + ROUNDS_DOWN), 255)
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
