"""Frames of a recording, evenly spread over it, and where its first hazard is, if that is known.

A path is a video, a bag, an image folder or a still.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.sources import open_source
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame, resized
from road_clarity.pipeline.video import IMAGE_SUFFIXES

WIDEST = 1280  # larger frames are shrunk to this width when they are read [px]


@dataclass(frozen=True, eq=False)
class Recording:
    path: Path
    frames: list[Frame]
    moving: bool  # its stamps mean something
    hazard_ns: int | None  # stamp of the first hazardous frame; None where nobody knows of one

    @property
    def duration_s(self) -> float | None:
        """From its first to its last frame; None of stills."""
        if not self.moving or len(self.frames) < 2:
            return None
        return (self.frames[-1].stamp_ns - self.frames[0].stamp_ns) * 1e-9


def read_recording(path: Path, count: int) -> Recording:
    """At most `count` frames.  Raises BadInput."""
    frames = thinned(open_source(path).frames, count)
    if not frames:
        raise BadInput("recording", path, "holds no frame; give another")
    moving = not (path.is_dir() and not any(path.glob("metadata.yaml")))
    moving = moving and path.suffix.lower() not in IMAGE_SUFFIXES
    return Recording(path, frames, moving, first_hazard_ns(path))


def thinned(frames: Iterable[Frame], count: int) -> list[Frame]:
    """At most `count`, evenly spread, without keeping more than twice as many."""
    kept: list[Frame] = []
    stride = 1
    for index, frame in enumerate(frames):
        if index % stride:
            continue
        kept.append(shrunk(frame, WIDEST))
        if len(kept) >= 2 * count:
            kept, stride = kept[::2], stride * 2
    places = np.linspace(0, len(kept) - 1, min(count, len(kept))).round().astype(int)
    return [kept[place] for place in places]


def shrunk(frame: Frame, width: int) -> Frame:
    """The frame, not wider than `width` [px]."""
    if frame.size[0] <= width:
        return frame
    height = round(width * frame.size[1] / frame.size[0])
    return with_image(frame, resized(frame.image, (width, height)))


def with_image(frame: Frame, image: NDArray[np.uint8]) -> Frame:
    return Frame(frame.index, frame.stamp_ns, image, frame.frame_id)


def first_hazard_ns(path: Path) -> int | None:
    """From the truth that `road-clarity simulate` writes beside its films."""
    beside = (path.with_suffix(".truth.jsonl"), path.with_name("truth.jsonl"))
    truth = next((file for file in beside if path.is_file() and file.is_file()), None)
    if truth is None:
        return None
    for number, line in enumerate(truth.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            if row["hazardous"]:
                return int(row["stamp_ns"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput("truth", f"{truth}:{number}", "is no row of `simulate`") from error
    return None
