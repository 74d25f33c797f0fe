"""A made-up drive: tiny recordings, and a pipeline that flags what it is told to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.cards import Card
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.evidence.event import EventConfig
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import (
    Lane,
    Lanes,
    Reason,
    Risk,
    Scene,
    Segmentation,
    Track,
    Tracks,
    World,
)

SIZE = (64, 48)  # (width, height) [px]
CARD = Card(
    name="scnn_edge", architecture="scnn_edge", data={"made": "own"}, command="train lanes", seed=1,
    cost="none", metrics={"accuracy": 0.5}, metrics_command="evaluate lanes", sha256="ab" * 32,
    notes="Sees nothing at <night>.",
)  # fmt: skip


def street(shade: int = 90) -> NDArray[np.uint8]:
    """(48, 64, 3) sky over road."""
    image = np.full((SIZE[1], SIZE[0], 3), shade, np.uint8)
    image[: SIZE[1] // 2] = (120, 160, 220)
    return image


def write_video(path: Path, frames: int = 5, codec: str = "mpeg4", rate: int = 10) -> Path:
    """Frame i has the shade 10 * i."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        stream.time_base = Fraction(1, rate)
        for i in range(frames):
            picture = av.VideoFrame.from_ndarray(street(10 * i), format="rgb24")
            picture = picture.reformat(format=stream.pix_fmt)
            picture.pts = i
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def made_scene(index: int, stamp_ns: int, size: tuple[int, int] = SIZE) -> Scene:
    """Two ego lines, one person, a world model that fails in one corner."""
    width, height = size
    error = np.zeros((8, 8), np.float32)
    error[6:, 6:] = 0.1
    line = tuple((width * 0.25, height * y) for y in (0.9, 0.6))
    return Scene(
        index,
        stamp_ns,
        size,
        Lanes(stamp_ns, (Lane(2, line, 0.9), Lane(3, line, 0.8))),
        Segmentation(stamp_ns, np.full((6, 8), 3, np.uint8), size),
        Tracks(stamp_ns, (Track(7, "person", (20.0, 10.0, 30.0, 40.0), 0.9, 3),)),
        World(
            stamp_ns, 0.02, 0.5, error, math.nan, math.nan, 0.5, 0.25, "calm-1",
            np.zeros((8, 8, 3), np.uint8), None,
        ),
        (),
    )  # fmt: skip


def made_risk(stamp_ns: int, level: str, score: float = 0.8) -> Risk:
    """One person in the way; nothing at all when nominal."""
    if level == "nominal":
        return Risk(stamp_ns, 0.0, "nominal", ())
    box = (20.0, 10.0, 30.0, 40.0)
    reason = Reason("corridor.person", score, box, "person 7 is in the way")
    return Risk(stamp_ns, score, level, (reason,))


@dataclass(frozen=True, kw_only=True)
class MadeConfig:
    safety: SafetyConfig = field(default_factory=SafetyConfig)
    evidence: EventConfig = field(default_factory=EventConfig)


class MadePipeline:
    """Flags the frames it is told to, and counts the recordings it was told to begin."""

    config = MadeConfig()
    cards = {"scnn_edge": CARD}
    runtimes = {"scnn_edge": Runtime("torch", "2.13.0", "fp32", "cpu")}

    def __init__(self, high: set[int] | None = None) -> None:
        self._high, self.restarts = high or set(), 0

    def restart(self) -> None:
        self.restarts += 1

    def step(self, frame: Frame) -> Any:
        level = "high" if frame.index in self._high else "nominal"
        return SimpleNamespace(
            scene=made_scene(frame.index, frame.stamp_ns, frame.size),
            risk=made_risk(frame.stamp_ns, level),
            latency_ms={"lanes": 2.0, "total": 4.0},
        )
