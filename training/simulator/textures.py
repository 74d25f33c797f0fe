"""Pictures that surfaces wear, made of noise and rectangles: RGB, uint8, sizes powers of two.

Every texture is multiplied with the lit colour of its mesh, so most are near white.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
FACADES = 8
SHOP_WINDOWS = ((12, 92), (100, 168), (214, 246))  # columns
STOREYS, BAYS = 4, 4  # of a facade texture
STOREY_M, BAY_M = 3.1, 2.9
WALLS = (
    (200, 176, 146), (172, 104, 84), (214, 205, 188), (150, 152, 156),
    (186, 138, 110), (222, 198, 150), (160, 88, 72), (190, 196, 190),
)  # fmt: skip


UNLIT = 0.46  # brightness of a wall at night, before lamps light it
LIT_WINDOWS = 0.3
LAMPLIGHT = ((255, 214, 150), (255, 228, 184), (250, 196, 120), (214, 226, 240))


@cache
def texture(name: str, night: bool = False) -> Picture:
    """(h, w, 3) by name: asphalt, paving, grass, leaves, facade0.., shop0..; houses may be lit."""
    picture = by_day(name)
    return lit_inside(picture, name) if night else picture


def lit_inside(picture: Picture, name: str) -> Picture:
    """A facade or shop front in the dark, with light behind some of its windows."""
    rng = np.random.default_rng(sum(name.encode()) + 1)
    dark = picture * UNLIT
    height, width = picture.shape[:2]
    if name.startswith("shop"):
        panes = [(left, 46, right - left, 68, 0.8) for left, right in SHOP_WINDOWS]
    else:
        cell = width // BAYS
        panes = [(x, y, cell, cell, LIT_WINDOWS) for y in range(0, height, cell)
                 for x in range(0, width, cell)]  # fmt: skip
    for x, y, wide, high, share in panes:
        light = np.array(LAMPLIGHT[int(rng.integers(len(LAMPLIGHT)))]) * rng.uniform(0.8, 1.0)
        if rng.random() < share:
            part = slice(y, y + high), slice(x, x + wide)
            inside = is_glass(picture[part])[..., None]
            shade = 0.75 + 0.25 * picture[part].mean(axis=2, keepdims=True) / 160
            dark[part] = np.where(inside, light * np.minimum(shade, 1.0), dark[part])
    night: Picture = np.clip(dark, 0, 255).astype(np.uint8)
    return night


def is_glass(picture: Picture) -> NDArray[np.bool_]:
    """(h, w) where a daytime picture is bluer than walls and frames are."""
    red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
    return np.asarray(blue > red + 8)


@cache
def by_day(name: str) -> Picture:
    """The picture by daylight."""
    rng = np.random.default_rng(sum(name.encode()))
    kind = name.rstrip("0123456789")
    number = int(name[len(kind) :] or 0)
    if kind == "facade":
        return facade(rng, number)
    if kind == "shop":
        return shop(rng, number)
    return {"asphalt": asphalt, "paving": paving, "grass": grass, "leaves": leaves}[kind](rng)


def clouds(rng: np.random.Generator, size: tuple[int, int], coarsest: int) -> NDArray[np.float64]:
    """(h, w) fractal noise around 0, that repeats in both directions; octaves halve in strength."""
    height, width = size
    total = np.zeros(size)
    cells, strength = coarsest, 1.0
    while cells < width:
        rows = max(cells * height // width, 1)
        grid = np.pad(rng.standard_normal((rows, cells)), ((2, 2), (2, 2)), mode="wrap")
        step = width // cells
        fine = cv2.resize(
            grid, ((cells + 4) * step, (rows + 4) * step), interpolation=cv2.INTER_CUBIC
        )
        total += strength * fine[2 * step : 2 * step + height, 2 * step : 2 * step + width]
        cells, strength = cells * 2, strength / 2
    return total


def grey(values: NDArray[np.floating], tone: tuple[float, float, float] = (1, 1, 1)) -> Picture:
    """Brightness (h, w) around 255 in a tone."""
    picture: Picture = np.clip(values[..., None] * np.array(tone), 0, 255).astype(np.uint8)
    return picture


def asphalt(rng: np.random.Generator) -> Picture:
    """8 m x 8 m: grain, patches, a repaired strip."""
    grain = rng.normal(0, 9, (256, 256))
    picture = 218 + grain + 7 * clouds(rng, (256, 256), 4)
    picture[150:206, 40:120] -= 14
    picture[148:151, 40:120] -= 30
    return grey(picture)


def paving(rng: np.random.Generator) -> Picture:
    """2 m x 2 m of slabs."""
    picture = 228 + rng.normal(0, 5, (128, 128)) + 5 * clouds(rng, (128, 128), 4)
    for row in range(4):
        for column in range(4):
            y, x = row * 32, column * 32
            picture[y : y + 32, x : x + 32] += rng.normal(0, 5)
            picture[y, x : x + 32] -= 42
            picture[y : y + 32, x] -= 42
    return grey(picture)


def grass(rng: np.random.Generator) -> Picture:
    """8 m x 8 m of lawn."""
    picture = 205 + rng.normal(0, 16, (256, 256)) + 18 * clouds(rng, (256, 256), 4)
    return grey(picture)


def leaves(rng: np.random.Generator) -> Picture:
    """Foliage: bright and dark spots of the size of twigs."""
    picture = np.full((128, 128), 165.0)
    for _ in range(900):
        x, y = rng.integers(0, 128, 2)
        tone = float(rng.uniform(95, 250))
        axes = (int(rng.integers(2, 6)), int(rng.integers(1, 4)))
        for shift_x in (-128, 0, 128):
            centre = (int(x) + shift_x, int(y))
            cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, tone, -1)
    return grey(picture)


def facade(rng: np.random.Generator, number: int) -> Picture:
    """STOREYS x BAYS windows in a wall of plaster, brick or panels."""
    size, cell = 256, 256 // BAYS
    wall = np.array(WALLS[number % len(WALLS)], np.float64)
    picture = wall + (rng.normal(0, 4, (size, size)) + 4 * clouds(rng, (size, size), 4))[..., None]
    if number % 3 == 1:
        bricks(picture)
    wide, high = int(rng.integers(22, 36)), int(rng.integers(34, 44))
    frame = (235, 233, 226) if number % 2 else (92, 84, 78)
    for storey in range(STOREYS):
        base = storey * cell
        picture[base + cell - 4 : base + cell - 1] *= 0.88 if number % 4 == 0 else 1.0
        for bay in range(BAYS):
            x, y = bay * cell + (cell - wide) // 2, base + (cell - high) // 2
            window(rng, picture, (x, y, wide, high), frame)
    return np.clip(picture, 0, 255).astype(np.uint8)


def bricks(picture: NDArray[np.float64]) -> None:
    """Joints of a brick wall, drawn into the picture."""
    picture[::4] *= 0.88
    for row in range(0, picture.shape[0], 4):
        picture[row : row + 4, (row % 8) :: 8] *= 0.93


def window(
    rng: np.random.Generator,
    picture: NDArray[np.float64],
    place: tuple[int, int, int, int],
    frame: tuple[int, int, int],
) -> None:
    """One window (x, y, width, height): shadow of the lintel, frame, glass, sill, curtains."""
    x, y, wide, high = place
    picture[y - 2 : y + high + 2, x - 2 : x + wide + 2] = frame
    fade = np.linspace(1.35, 0.75, high)[:, None, None]
    glass = np.array((88, 104, 122)) * fade * rng.uniform(0.65, 1.25)
    picture[y : y + high, x : x + wide] = np.broadcast_to(glass, (high, wide, 3))
    if rng.random() < 0.45:
        down = int(high * rng.uniform(0.2, 0.9))
        picture[y : y + down, x : x + wide] = picture[y : y + down, x : x + wide] * 0.3 + 150
    picture[y : y + 3, x : x + wide] *= 0.55
    picture[y : y + high, x + wide // 2 - 1 : x + wide // 2 + 1] = frame
    picture[y + high // 3 : y + high // 3 + 1, x : x + wide] = frame
    picture[y + high + 2 : y + high + 5, x - 4 : x + wide + 4] = (205, 202, 195)
    picture[y + high + 5 : y + high + 8, x - 4 : x + wide + 4] *= 0.78


def shop(rng: np.random.Generator, number: int) -> Picture:
    """Ground floor, two bays: shop window with sign and door, or a plinth with house door."""
    picture = np.full(
        (128, 256, 3), np.array(WALLS[(number * 3 + 1) % len(WALLS)]) * 0.8, np.float64
    )
    picture += rng.normal(0, 4, (128, 256, 1))
    tone = rng.uniform(30, 190, 3)
    picture[16:38] = tone
    for x in range(24, 200, 9):
        if rng.random() < 0.75:
            picture[22:33, x : x + 6] = 240 if tone.mean() < 120 else 30
    for left, right in SHOP_WINDOWS:
        picture[44:116, left - 3 : right + 3] = (60, 56, 52)
        glass = np.linspace(150, 60, 68)[:, None, None] * np.array((0.8, 0.92, 1.05))
        picture[46:114, left:right] = glass
        for _ in range(5):
            x, y = int(rng.integers(left, right - 12)), int(rng.integers(70, 100))
            picture[y : y + 14, x : x + 11] = rng.uniform(60, 220, 3)
    picture[44:126, 176:206] = tone * 0.5 + 30
    picture[50:84, 181:201] = (105, 122, 138)
    picture[120:] *= 0.7
    return np.clip(picture, 0, 255).astype(np.uint8)
