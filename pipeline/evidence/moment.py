"""One frame with everything that was made of it, and the little of it that a clip keeps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import frame_row, line
from road_clarity.safety.scene import Latent, Risk, Scene

SEVERITY = {"nominal": 0, "elevated": 1, "unknown": 2, "high": 3}
QUALITY = 85  # of the JPEGs, 0..100


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame with everything that was made of it."""

    frame: Frame
    scene: Scene
    risk: Risk

    @property
    def weight(self) -> tuple[int, float]:
        """Compares moments: the worst level first, then the score."""
        return SEVERITY[self.risk.level], self.risk.score

    @cached_property
    def jpeg(self) -> bytes:
        """The frame, packed once for everyone who keeps it."""
        return packed(self.frame.image, ".jpg", QUALITY)


@dataclass(frozen=True, eq=False)
class Kept:
    """What the ring buffer and a clip hold of a frame."""

    stamp_ns: int
    frame_id: str
    jpeg: bytes | None  # not of every frame, when the camera is fast
    row: str  # its line of frames.jsonl, without latency
    latent: Latent | None

    @classmethod
    def of(cls, moment: Moment, picture: bool) -> Kept:
        world = moment.scene.world
        return cls(
            moment.frame.stamp_ns,
            moment.frame.frame_id,
            moment.jpeg if picture else None,
            line(frame_row(moment.scene, moment.risk, {})),
            None if world is None else world.latent,
        )

    @property
    def size(self) -> int:
        """[bytes]"""
        return len(self.row) + len(self.jpeg or b"")


def packed(image: NDArray[np.uint8], suffix: str, quality: int = 90) -> bytes:
    """(H, W, 3) RGB as the file of that suffix; quality: of a JPEG."""
    chosen = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    _, content = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), chosen)
    return content.tobytes()
