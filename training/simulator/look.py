"""Weather and time of day: sky, light, haze."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.training.simulator.mesh import Colour, floats
from road_clarity.training.simulator.textures import clouds

FARTHEST_M = 600.0  # depths are coded in 255 steps of equal ratio of (1 + z / NEAR_M)
NEAR_M = 2.0
FOG_M = 60.0  # who sees less far is in fog


@dataclass(frozen=True)
class Look:
    sun: tuple[float, float, float]  # direction towards it, unit length; zeros: none
    ambient: float  # share of the light that comes from the whole sky
    zenith: tuple[int, int, int]
    horizon: tuple[int, int, int]  # also the colour of the haze
    cloudy: float  # 0 clear .. 1 closed
    sight_m: float  # distance at which 1 / e of the contrast is left
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    cloud: float = 1.0  # brightness of clouds
    lamps: bool = False  # lamps and windows are lit
    rain: bool = False


LOOKS = {
    "day": Look((-0.50, -0.42, 0.757), 0.60, (82, 132, 196), (206, 222, 234), 0.40, 420.0),
    "overcast": Look((-0.2, 0.2, 0.959), 0.85, (168, 176, 184), (212, 216, 218), 1.0, 260.0,
                     (0.90, 0.92, 0.95)),
    "haze": Look((-0.45, 0.40, 0.798), 0.75, (164, 184, 200), (216, 220, 220), 0.7, 110.0),
    "dusk": Look((0.70, -0.55, 0.456), 0.70, (58, 76, 128), (236, 178, 130), 0.45, 300.0,
                 (0.66, 0.58, 0.60)),
    "night": Look((0.0, 0.0, 0.0), 0.46, (9, 12, 28), (30, 31, 44), 0.3, 300.0, cloud=0.12,
                  lamps=True),
    "fog": Look((-0.2, 0.2, 0.959), 0.92, (196, 200, 203), (196, 200, 203), 0.0, 42.0,
                (0.94, 0.96, 0.98)),
    "rain": Look((-0.2, 0.2, 0.959), 0.82, (126, 134, 144), (168, 174, 180), 1.0, 120.0,
                 (0.80, 0.84, 0.90), cloud=0.72, rain=True),
}  # fmt: skip


def depth_code(depth_m: NDArray[np.floating]) -> NDArray[np.float64]:
    """Depth [m] -> 0..255."""
    share = np.log1p(np.clip(depth_m, 0, FARTHEST_M) / NEAR_M) / np.log1p(FARTHEST_M / NEAR_M)
    return np.asarray(255 * share)


@cache
def depth_of_code() -> NDArray[np.float32]:
    """(256,) depth [m] of each code."""
    share = np.arange(256) / 255
    return floats(NEAR_M * np.expm1(share * np.log1p(FARTHEST_M / NEAR_M)))


@cache
def sky_picture(look: Look) -> NDArray[np.uint8]:
    """(512, 1024, 3) half around, from the horizon (lowest row) to the zenith (top row)."""
    height = np.linspace(1, 0, 512)[:, None, None]
    zenith, horizon = np.array(look.zenith, float), np.array(look.horizon, float)
    clear = horizon + (zenith - horizon) * (1 - np.exp(-3.2 * height))
    cover = clouds(np.random.default_rng(5), (512, 1024), 8)
    # Seen from below, clouds shrink towards the horizon: rows are taken ever denser.
    rows = np.clip(900 * height[:, 0, 0] / (0.12 + height[:, 0, 0]), 0, None).astype(int) % 512
    thick = np.clip(0.75 * cover[rows] + 2.4 * look.cloudy - 1.0, 0, 1)[..., None]
    white = np.array((244, 245, 247)) * look.cloud * (0.88 if look.cloudy == 1 else 1.0)
    white = white - 26 * look.cloud * np.clip(cover[rows][..., None] - 1.0, 0, 1)
    mixed = clear + (white - clear) * thick * np.clip(height * 9, 0, 1) * 0.9
    picture: NDArray[np.uint8] = np.clip(mixed, 0, 255).astype(np.uint8)
    return picture


def haze(depth_m: NDArray[np.floating] | float, look: Look) -> NDArray[np.float32]:
    """Share of the haze in what is seen at a depth [m]."""
    return floats(1 - np.exp(-((np.asarray(depth_m) / look.sight_m) ** 1.2)))


def faded(colour: NDArray[np.floating], depth_m: float, look: Look) -> Colour:
    """An RGB colour in [0, 1] as it is seen at a depth [m]."""
    red, green, blue = colour + (np.array(look.horizon) / 255 - colour) * haze(depth_m, look)
    return float(red), float(green), float(blue)


def weathered(
    picture: NDArray[np.uint8], codes: NDArray[np.uint8], backdrop: NDArray[np.bool_], look: Look
) -> NDArray[np.uint8]:
    """The picture (H, W, 3) behind haze, by the depth code of every pixel (H, W), and graded.

    The backdrop has its haze already; fog swallows it."""
    veil = cv2.LUT(codes, haze(depth_of_code(), look))
    veil[backdrop] = 1.0 if look.sight_m < FOG_M else 0.0
    clear = cv2.merge([1 - veil] * 3)
    bright = cv2.multiply(picture, clear, dtype=cv2.CV_32F)
    bright += (1 - clear) * floats(look.horizon)
    if look.gain != (1.0, 1.0, 1.0):
        bright *= floats(look.gain)
    return np.asarray(cv2.convertScaleAbs(bright))
