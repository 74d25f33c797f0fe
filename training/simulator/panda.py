"""What Panda3D needs: cameras with buffers, triangles, textures, and the flat colours of the truth.

The truth of a pixel is a colour: class (red), identity (green) and depth (blue).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d import core as p3

from road_clarity.training.simulator.camera import NEAREST_M, Camera
from road_clarity.training.simulator.look import FARTHEST_M, depth_code
from road_clarity.training.simulator.mesh import Mesh
from road_clarity.training.simulator.scenery import SHADOW, SKY, SOLID
from road_clarity.training.simulator.textures import Picture, texture

BEYOND_M = 4000.0  # nothing crosses the far plane: the renderer cuts colours wrongly there
STREET_EYE, TRUTH_EYE = p3.BitMask32.bit(0), p3.BitMask32.bit(1)
KIND_STEP, IDENTITY_STEP = 20, 2  # of the flat colours; the renderer may be off by one
ROUNDS_DOWN = 1.0  # by so much of 255, when the renderer multiplies paint and texture
SETTINGS = """
load-display p3tinydisplay
audio-library-name null
notify-level-x11display fatal
notify-level-device fatal
"""


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


def canvas(node: Any, layer: int) -> None:
    """Layers below SOLID are painted over one another without regard to depth.

    Shadows are no objects: the truth does not know them."""
    node.setBin(f"layer {layer}", 0)
    node.setDepthTest(layer == SOLID)
    node.setDepthWrite(layer == SOLID)
    if layer == SHADOW:
        node.setTransparency(p3.TransparencyAttrib.MAlpha)
        node.hide(TRUTH_EYE)


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
