"""A handful of overlays spread evenly over a recording whose length nobody knows yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.events import Moment
from road_clarity.pipeline.overlay import draw_overlay

MOST = 16  # pictures held at any time
WIDTH = 480  # of a picture [px]


@dataclass(frozen=True)
class Still:
    index: int
    stamp_ns: int
    level: str
    jpeg: bytes


class Filmstrip:
    """Keeps every n-th frame; when there are too many, every other one goes and n doubles."""

    def __init__(self) -> None:
        self._stills: list[Still] = []
        self._stride = 1

    def see(self, moment: Moment) -> None:
        if moment.scene.index % self._stride:
            return
        self._stills.append(still(moment))
        if len(self._stills) > MOST:
            self._stills = self._stills[::2]
            self._stride *= 2

    def all(self) -> list[Still]:
        """In order."""
        return list(self._stills)


def pick(stills: Sequence[Still], count: int) -> list[Still]:
    """At most `count`, those nearest to places spread evenly from the first frame to the last."""
    if not stills:
        return []
    places = np.linspace(stills[0].index, stills[-1].index, min(count, len(stills)))
    nearest = (min(stills, key=lambda one: (abs(one.index - at), one.index)) for at in places)
    return list(dict.fromkeys(nearest))


def still(moment: Moment) -> Still:
    scene = moment.scene
    picture = thumbnail(draw_overlay(moment.frame, scene, moment.risk, WIDTH), WIDTH)
    return Still(scene.index, scene.stamp_ns, moment.risk.level, picture)


def thumbnail(image: NDArray[np.uint8], width: int) -> bytes:
    """(H, W, 3) RGB as a JPEG of `width` columns, or fewer when the image has fewer."""
    width = min(width, image.shape[1])
    size = (width, round(image.shape[0] * width / image.shape[1]))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 82])[1].tobytes()
