"""An MP4 and, beside it, one JSON line of truth per frame."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from road_clarity.training.simulator.film import SimFrame
from road_clarity.training.simulator.truth_row import row

# One thread and no tool names in the file: the same frames give the same bytes.
ENCODER = {"preset": "veryfast", "crf": "20", "threads": "1", "bf": "0"}


def write_movie(frames: Iterable[SimFrame], video: Path, truth: Path, fps: float) -> None:
    """Encodes frame by frame."""
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with (
        av.open(str(video), "w", format="mp4", options=options) as container,
        truth.open("w", encoding="utf-8") as lines,
    ):
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = h264(container, frame.image.shape[1], frame.image.shape[0], fps)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="rgb24")))
            lines.write(json.dumps(row(frame.truth), separators=(",", ":")) + "\n")
        container.mux(stream.encode())


def h264(container: Any, width: int, height: int, fps: float) -> Any:
    """A video stream of that size."""
    stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = ENCODER
    stream.codec_context.flags |= av.codec.context.Flags.bitexact
    return stream
