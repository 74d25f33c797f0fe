"""The picture for people: lanes, road, objects and the risk drawn over the frame.

Small images are enlarged first, so that the lettering stays readable at 320x240.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import CLASSES, Box, Lane, Risk, Scene, Segmentation, Track

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB
Colour = tuple[int, int, int]  # RGB

WHITE, INK = (255, 255, 255), (14, 17, 22)
LEVEL_COLOURS: dict[str, Colour] = {
    "nominal": (46, 160, 103), "elevated": (240, 160, 32),
    "high": (226, 56, 56), "unknown": (128, 136, 150),
}  # fmt: skip
LANE_COLOURS: dict[int, Colour] = {
    1: (255, 170, 64), 2: (64, 240, 150), 3: (64, 200, 255), 4: (240, 130, 220),
}  # fmt: skip
TRACK_COLOURS: dict[str, Colour] = {"person": (255, 214, 64), "vehicle": (110, 190, 255)}
BLAMED = LEVEL_COLOURS["high"]  # outline of what a reason points to
# class -> tint and how much of it, 0..1
TINTS: dict[str, tuple[Colour, float]] = {
    "Road": ((90, 110, 255), 0.17), "Pavement": ((200, 90, 220), 0.17),
    "Car": ((110, 190, 255), 0.22), "Pedestrian": ((255, 214, 64), 0.35),
    "Bicyclist": ((255, 214, 64), 0.35),
}  # fmt: skip
HEAT_SHARE = 0.5  # how much of the frame the hottest error hides, 0..1
MIN_WIDTH = 640  # of the picture [px]
SUBPIXEL_BITS = 4  # lanes are drawn to a sixteenth of a pixel
FONT = cv2.FontFace("sans")


@dataclass(frozen=True)
class Pen:
    """Sizes that fit the picture: `scale` from source to picture, `unit` 1.0 at 720 rows."""

    scale: float
    unit: float

    def px(self, size: float) -> int:
        return max(1, round(size * self.unit))

    def point(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self.scale), round(y * self.scale)


def draw_overlay(frame: Frame, scene: Scene, risk: Risk, width: int | None = None) -> Pixels:
    """(H, W, 3) RGB, `width` columns or those of the frame, but at least 640 [px].

    The frame's own pixels are left alone.
    """
    width = width or frame.size[0] * max(1, -(-MIN_WIDTH // frame.size[0]))
    picture = scaled(frame.image, width)
    pen = Pen(width / frame.size[0], max(picture.shape[0] / 720, 0.62))
    if scene.segmentation is not None:
        picture = tint_classes(picture, scene.segmentation)
    if scene.world is not None and any(one.code.startswith("anomaly") for one in risk.reasons):
        picture = add_heat(picture, scene.world.error_map)
    for lane in scene.lanes.lanes if scene.lanes else ():
        draw_lane(picture, lane, pen)
    for track in scene.tracks.tracks if scene.tracks else ():
        draw_track(picture, track, pen)
    for reason in risk.reasons:
        if reason.region is not None:
            draw_corners(picture, reason.region, pen)
    draw_banner(picture, risk, pen)
    return picture


def scaled(image: Pixels, width: int) -> Pixels:
    """A copy of `width` columns."""
    if width == image.shape[1]:
        return image.copy()
    size = (width, round(image.shape[0] * width / image.shape[1]))
    how = cv2.INTER_CUBIC if width > image.shape[1] else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def tint_classes(picture: Pixels, segmentation: Segmentation) -> Pixels:
    """A light colour over road, pavement, cars and people; soft where classes meet."""
    colours, opacities = np.zeros((256, 3), np.uint8), np.zeros(256, np.float32)
    for name, (colour, opacity) in TINTS.items():
        colours[CLASSES.index(name)] = colour
        opacities[CLASSES.index(name)] = opacity
    size = picture.shape[1::-1]
    layer = cv2.resize(colours[segmentation.classes], size, interpolation=cv2.INTER_NEAREST)
    return blend(picture, layer, cv2.resize(opacities[segmentation.classes], size))


def add_heat(picture: Pixels, error_map: NDArray[np.float32]) -> Pixels:
    """Where the world model is wrong glows; where it is right stays clear."""
    strength = heat(error_map, picture.shape[1::-1])
    return blend(picture, heat_colours(strength), HEAT_SHARE * strength)


def heat_picture(image: Pixels, error_map: NDArray[np.float32]) -> Pixels:
    """The error map alone, over the frame in dim grey.  (H, W, 3)"""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    dim = cv2.convertScaleAbs(grey, alpha=0.35)
    strength = heat(error_map, image.shape[1::-1])
    return blend(dim, heat_colours(strength), np.minimum(strength * 1.6, 0.92))


def heat_colours(strength: NDArray[np.float32]) -> Pixels:
    """(H, W) 0..1 -> (H, W, 3)"""
    levels = cv2.convertScaleAbs(strength, alpha=255)
    return np.asarray(
        cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    )


def heat(error_map: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Error as 0..1 of its largest value, smoothed.  (h, w) -> (H, W)"""
    smooth = cv2.GaussianBlur(np.asarray(error_map, np.float32), (0, 0), 1.0)
    large = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large / max(float(large.max()), 1e-12), np.float32)


def blend(picture: Pixels, layer: Pixels, opacity: NDArray[np.float32]) -> Pixels:
    """(H, W, 3), (H, W, 3), (H, W) 0..1 -> (H, W, 3)"""
    return np.asarray(cv2.blendLinear(picture, layer, 1.0 - opacity, opacity), np.uint8)


def draw_lane(picture: Pixels, lane: Lane, pen: Pen) -> None:
    """The lines of our own lane are thicker.  A dark edge keeps them visible on bright ground."""
    fine = np.array(lane.points) * pen.scale * (1 << SUBPIXEL_BITS)
    corners = np.rint(fine).astype(np.int32).reshape(-1, 1, 2)
    width = pen.px(6 if lane.id in (2, 3) else 3.5)
    for colour, thickness in ((INK, width + pen.px(3)), (LANE_COLOURS[lane.id], width)):
        cv2.polylines(
            picture, [corners], False, colour, thickness, cv2.LINE_AA, shift=SUBPIXEL_BITS
        )


def draw_track(picture: Pixels, track: Track, pen: Pen) -> None:
    colour = TRACK_COLOURS[track.label]
    start, end = pen.point(*track.box[:2]), pen.point(*track.box[2:])
    for paint, thickness in ((INK, pen.px(5)), (colour, pen.px(2.5))):
        cv2.rectangle(picture, start, end, paint, thickness, cv2.LINE_AA)
    size = pen.px(17 if end[1] - start[1] > pen.px(90) else 13)  # far objects crowd together
    draw_chip(picture, f"{track.label} {track.id}", start, colour, size, pen)


def draw_chip(
    picture: Pixels, text: str, corner: tuple[int, int], colour: Colour, size: int, pen: Pen
) -> None:
    """A small label that sits on top of a box, or inside when there is no room above."""
    margin = pen.px(4)
    width, height = text_width(text, size, 600) + 2 * margin, size + margin
    x = min(max(corner[0], 0), max(picture.shape[1] - width, 0))
    y = corner[1] if corner[1] >= height + banner_height(pen) else corner[1] + height
    cv2.rectangle(picture, (x, y - height), (x + width, y), colour, cv2.FILLED)
    cv2.putText(picture, text, (x + margin, y - margin), INK, FONT, size, 600)


def draw_corners(picture: Pixels, region: Box, pen: Pen) -> None:
    """Red corner marks around what a reason points to."""
    (x0, y0), (x1, y1) = pen.point(*region[:2]), pen.point(*region[2:])
    reach = max(pen.px(6), min(x1 - x0, y1 - y0) // 4)
    width = min(pen.px(4.5), max(1, reach // 3))
    for x, dx in ((x0, reach), (x1, -reach)):
        for y, dy in ((y0, reach), (y1, -reach)):
            mark = np.array([[(x + dx, y)], [(x, y)], [(x, y + dy)]], np.int32)
            for paint, thickness in ((INK, width + pen.px(3)), (BLAMED, width)):
                cv2.polylines(picture, [mark], False, paint, thickness, cv2.LINE_AA)


def banner_height(pen: Pen) -> int:
    return pen.px(46)


def draw_banner(picture: Pixels, risk: Risk, pen: Pen) -> None:
    """Level, score and the main reason on a dark strip, over a bar as long as the score."""
    height, colour = banner_height(pen), LEVEL_COLOURS[risk.level]
    picture[:height] = (picture[:height] * 0.25 + np.array(INK) * 0.75).astype(np.uint8)
    size, x = pen.px(22), pen.px(14)
    base = (height + round(size * 0.7)) // 2
    known = risk.level != "unknown"
    title = f"{risk.level.upper()} {risk.score:.2f}" if known else "UNKNOWN"
    chip = text_width(title, size, 700) + 2 * x
    picture[:height, :chip] = colour
    cv2.putText(picture, title, (x, base), WHITE, FONT, size, 700)
    calm = risk.level == "nominal"
    silent = "nothing speaks against calm" if calm else "the level is held a little longer"
    text = risk.reasons[0].text if risk.reasons else silent
    text = shortened(text, pen.px(19), picture.shape[1] - chip - 2 * x)
    cv2.putText(picture, text, (chip + x, base), WHITE, FONT, pen.px(19), 450)
    bar = round(risk.score * picture.shape[1]) if known else picture.shape[1]
    picture[height : height + pen.px(4), :bar] = colour


def shortened(text: str, size: int, room: int) -> str:
    """Text that fits into `room` pixels."""
    while text_width(text, size, 450) > room and len(text) > 1:
        text = text[:-2].rstrip() + "…"
    return text


def text_width(text: str, size: int, weight: int) -> int:
    x, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), FONT, size, weight)
    return int(x + width)
