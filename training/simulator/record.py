"""A scenario on disk: an MP4 and, beside it, one JSON line of truth per frame.

Both are written under other names and take their places only when they are whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from road_clarity.models.errors import BadInput
from road_clarity.training.simulator.film import SimFrame
from road_clarity.training.simulator.ground_truth import Truth

VIDEO, TRUTH = "street.mp4", "truth.jsonl"
# One thread and no tool names in the file: the same frames give the same bytes.
ENCODER = {"preset": "veryfast", "crf": "20", "threads": "1", "bf": "0"}


def places(out: Path) -> tuple[Path, Path]:
    """(video, truth) for a folder, or for a file that ends in .mp4."""
    if out.suffix == ".mp4":
        return out, out.with_suffix(".truth.jsonl")
    if out.suffix or (out.exists() and not out.is_dir()):
        raise BadInput("out", out, "name a folder or a file that ends in .mp4")
    return out / VIDEO, out / TRUTH


def record(frames: Iterable[SimFrame], out: Path, fps: float) -> tuple[Path, Path, dict[str, int]]:
    """Writes the frames; returns the paths of video and truth, and how many frames are what."""
    video, truth = places(out)
    video.parent.mkdir(parents=True, exist_ok=True)
    parts = [path.with_name(f".{path.name}.part") for path in (video, truth)]
    try:
        summary = write(frames, parts[0], parts[1], fps)
        parts[0].replace(video)
        parts[1].replace(truth)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return video, truth, summary


def write(frames: Iterable[SimFrame], video: Path, truth: Path, fps: float) -> dict[str, int]:
    """Encodes frame by frame; counts the frames and the hazardous ones."""
    count = Counter(frames=0, hazardous=0)
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
            count.update(frames=1, hazardous=int(frame.truth.hazardous))
        container.mux(stream.encode())
    return dict(count)


def h264(container: Any, width: int, height: int, fps: float) -> Any:
    """A video stream of that size."""
    stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = ENCODER
    stream.codec_context.flags |= av.codec.context.Flags.bitexact
    return stream


def row(truth: Truth) -> dict[str, Any]:
    """The truth without its pictures, ready for JSON; metres and pixels to two places."""
    ego, camera = truth.ego, truth.camera
    return {
        "stamp_ns": truth.stamp_ns,
        "viewer": truth.viewer.id,
        "camera": {
            "position_m": [rounded(v) for v in camera.position],
            "yaw_rad": round(camera.yaw, 4),
            "pitch_rad": round(camera.pitch, 4),
            "fov_deg": camera.fov_deg,
        },
        "hazardous": truth.hazardous,
        "gap_m": rounded(truth.gap_m),
        "time_to_collision_s": rounded(truth.time_to_collision_s),
        "ego": {
            "s_m": rounded(ego.s),
            "d_m": rounded(ego.d),
            "heading_rad": round(ego.heading, 4),
            "speed_mps": rounded(ego.speed),
            "acceleration_mps2": rounded(ego.acceleration),
        },
        "instances": [
            {
                "id": one.id,
                "label": one.label,
                "model": one.model,
                "box": list(one.box),
                "pixels": one.pixels,
                "ahead_m": rounded(one.ahead_m),
                "aside_m": rounded(one.aside_m),
                "velocity_mps": [rounded(v) for v in one.velocity],
            }
            for one in truth.instances
        ],
        "lanes": [
            {"id": lane.id, "points": [[rounded(x), rounded(y)] for x, y in lane.points]}
            for lane in truth.lanes
        ],
    }


def rounded(value: float | None) -> float | None:
    """To two places; None stays."""
    return None if value is None else round(value, 2)
