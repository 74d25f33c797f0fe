"""What can be replayed: one name for a video, an image folder, a bag or an earlier run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from road_clarity.evaluation.bags import bag_length_s, count_camera_messages, is_bag, read_bag
from road_clarity.evaluation.run_source import read_run
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.run_folder import is_run, read_rows
from road_clarity.pipeline.video import (
    IMAGE_SUFFIXES,
    count_video_frames,
    list_images,
    read_images,
    read_video,
    video_length_s,
)


@dataclass(frozen=True, eq=False)
class Source:
    name: str
    frames: Iterator[Frame]  # read once; raises BadInput where the recording breaks off
    count: int | None  # of frames, as far as the recording tells; containers may be wrong


def open_source(
    path: Path, *, max_frames: int | None = None, topic: str | None = None, fps: float = 10.0
) -> Source:
    """Look at `path` and make its frames ready.  Raises BadInput.

    max_frames: stop early      topic: camera topic of a bag      fps: of an image folder [1/s]
    """
    frames, count = read(path, topic, fps)
    if max_frames is not None:
        count = max_frames if count is None else min(count, max_frames)
    return Source(name_of(path), islice(frames, max_frames), count)


def name_of(path: Path) -> str:
    """Of the recording, for people."""
    return path.stem or path.absolute().name


def length_s(path: Path, topic: str | None, fps: float) -> float:
    """From the first frame to the last, about [s].  Raises BadInput."""
    if is_run(path):
        stamps = [row["stamp_ns"] for row in read_rows(path)]
        return (stamps[-1] - stamps[0]) * 1e-9 if stamps else 0.0
    if is_bag(path):
        return bag_length_s(path, topic)
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        return ((len(list_images(path)) if path.is_dir() else 1) - 1) / fps
    return video_length_s(path)


def read(path: Path, topic: str | None, fps: float) -> tuple[Iterator[Frame], int | None]:
    """All frames, and how many there seem to be."""
    if not path.exists():
        raise BadInput("source", path, "does not exist; give a video, an image folder or a bag")
    if path.is_file() and path.stat().st_size == 0:
        raise BadInput("source", path, "is empty; copy or record it again")
    if is_run(path):
        return read_run(path), sum(1 for _ in read_rows(path))
    if is_bag(path):
        return read_bag(path, topic), count_camera_messages(path, topic)
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        images = list_images(path) if path.is_dir() else [path]
        return read_images(images, fps), len(images)
    return read_video(path), count_video_frames(path)
