"""Light in the dark: street lamps, headlamps, and the glow of everything that shines.

The renderer gives a street in even, dim light, in which only what shines by itself is brighter than
SHINES.  Every pixel is put back into the world by its depth and lit by the lamps about it.
h, w a small picture of the light, to 1 / COARSE of the size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.training.simulator.camera import Camera
from road_clarity.training.simulator.mesh import floats

COARSE = 2
DARK = floats((0.26, 0.28, 0.38))  # what is left of the even light without lamps
STREET_LAMP = floats((1.50, 1.20, 0.82))
HEADLAMP = floats((1.9, 1.85, 1.7))
POOL_M, LAMP_M = 6.5, 7.7  # radius of the light on the ground; height of the lamps
LAMPS_SEEN_M, BEAMS_SEEN_M, MOST_BEAMS = 110.0, 80.0, 6
SPREAD, REACH_M, LOW_M = 0.22, 24.0, 0.9  # of a beam: per metre, ahead, height of the dipped edge
BEGINS_M = 0.4
SHINES = 0.58  # brightness from which on something shines by itself
GLOW = 0.55
Picture = NDArray[np.uint8]
Grid = NDArray[np.float32]
Beam = tuple[float, float, float]  # x, y, yaw of a pair of headlamps


def lamplit(
    picture: Picture, depth_m: Grid, sky: NDArray[np.bool_], camera: Camera,
    lamps: NDArray[np.float64], beams: Iterable[Beam],
) -> Picture:  # fmt: skip
    """The picture (H, W, 3) in the light of street lamps (N, 2) and headlamps, with halos."""
    small = cv2.resize(depth_m, None, fx=1 / COARSE, fy=1 / COARSE, interpolation=cv2.INTER_NEAREST)
    light = light_at(*places(small, camera), camera, lamps, beams)
    light = cv2.resize(cv2.blur(light, (3, 3)), (picture.shape[1], picture.shape[0]))
    bright = picture.astype(np.float32)
    own = np.clip((picture.max(axis=2) / 255 - SHINES) * 6, 0, 1, dtype=np.float32)
    own[sky] = 1.0
    lit = bright * (light + (1 - light) * own[..., None])
    own[sky] = 0.0
    halo = cv2.resize(bright * own[..., None], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    halo = cv2.GaussianBlur(halo, (0, 0), picture.shape[1] / 240)
    lit += GLOW * cv2.resize(halo, (picture.shape[1], picture.shape[0]))
    return np.asarray(cv2.convertScaleAbs(lit))


def light_at(
    x: Grid, y: Grid, z: Grid, camera: Camera, lamps: NDArray[np.float64], beams: Iterable[Beam]
) -> Grid:
    """(h, w, 3) how strongly each place is lit."""
    here = np.array(camera.position[:2])
    warm, white = np.zeros_like(x), np.zeros_like(x)
    near = lamps[np.hypot(*(lamps - here).T) < LAMPS_SEEN_M]
    for lamp_x, lamp_y in near.tolist():
        warm += 1 / (1 + ((x - lamp_x) ** 2 + (y - lamp_y) ** 2) / POOL_M**2) ** 2
    warm *= z < LAMP_M
    close = sorted(beams, key=lambda beam: math.dist(beam[:2], here))[:MOST_BEAMS]
    for beam in close:
        if math.dist(beam[:2], here) < BEAMS_SEEN_M:
            white += beam_at(x, y, z, beam)
    return floats(DARK + warm[..., None] * STREET_LAMP + white[..., None] * HEADLAMP)


def beam_at(x: Grid, y: Grid, z: Grid, beam: Beam) -> Grid:
    """The light of a pair of dipped headlamps."""
    cos, sin = math.cos(beam[2]), math.sin(beam[2])
    ahead = (x - beam[0]) * cos + (y - beam[1]) * sin
    aside = (y - beam[1]) * cos - (x - beam[0]) * sin
    forward = np.maximum(ahead, 0.0)
    wide = (aside / (0.9 + SPREAD * forward)) ** 2
    high = (np.maximum(z - LOW_M, 0.0) / (0.35 + 0.02 * forward)) ** 2
    begins = np.clip(ahead - BEGINS_M, 0, 1)  # depths are rough: no light on the car itself
    return floats(begins * np.exp(-wide - high) / (1 + (forward / REACH_M) ** 2))


def places(depth_m: Grid, camera: Camera) -> tuple[Grid, Grid, Grid]:
    """World x, y, z (h, w) of what is seen at these depths."""
    right, up = rays(depth_m.shape, camera.fov_deg)
    cos, sin = math.cos(camera.pitch), math.sin(camera.pitch)
    ahead = depth_m * (cos - sin * up)
    z = camera.position[2] + depth_m * (sin + cos * up)
    aside = depth_m * right
    cos, sin = math.cos(camera.yaw), math.sin(camera.yaw)
    x = camera.position[0] + cos * ahead + sin * aside
    y = camera.position[1] + sin * ahead - cos * aside
    return floats(x), floats(y), floats(z)


@lru_cache(maxsize=8)
def rays(shape: tuple[int, ...], fov_deg: float) -> tuple[Grid, Grid]:
    """How far right and up (h, w) each pixel looks, per metre of depth."""
    height, width = shape
    step = 2 * math.tan(math.radians(fov_deg) / 2) / width
    columns = (np.arange(width) + 0.5 - width / 2) * step
    rows = (height / 2 - np.arange(height) - 0.5) * step
    right, up = np.meshgrid(columns, rows)
    return floats(right), floats(up)
