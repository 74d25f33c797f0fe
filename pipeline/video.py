"""Frames of video files and image folders, with the stamps at which they are to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.whole_file import require_whole

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
# FFmpeg also "plays" text files and playlists; only these are video.
VIDEO_FORMATS = (
    "mov", "mp4", "avi", "matroska", "webm", "gif", "apng", "mpeg", "mpegts", "flv", "asf", "ogg",
    "h264", "hevc", "mjpeg", "m4v",
)  # fmt: skip
SECOND_NS = 1_000_000_000
DEFAULT_RATE = Fraction(25)  # of streams without time stamps and without a stated rate [1/s]


def count_video_frames(path: Path) -> int | None:
    """How many frames the container claims; None when it does not say.  Raises BadInput."""
    require_whole(path)
    with open_video(path) as container:
        return int(container.streams.video[0].frames) or None


def video_length_s(path: Path) -> float:
    """From the first frame's stamp to the last one's, without decoding.  Raises BadInput."""
    with open_video(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or DEFAULT_RATE
        packets = [one for one in container.demux(stream) if one.size]
        stamps = [one.pts * one.time_base for one in packets if one.pts is not None]
    if len(stamps) < len(packets):
        return float(max(len(packets) - 1, 0) / rate)
    return float(max(stamps) - min(stamps)) if stamps else 0.0


def open_video(path: Path) -> av.container.InputContainer:
    """Raises BadInput for what is no video."""
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise not_video(path) from error
    names = container.format.name.split(",")
    if not container.streams.video or not set(names) & set(VIDEO_FORMATS):
        container.close()
        raise not_video(path)
    return container


def not_video(path: Path) -> BadInput:
    return BadInput("video file", path, "is no video; give an MP4, AVI, MKV or GIF that plays")


def read_video(path: Path) -> Iterator[Frame]:
    """All frames in display order.  Raises BadInput where the file breaks off."""
    with open_video(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        rate = stream.average_rate or DEFAULT_RATE
        index = 0
        try:
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    raise broken_off(path, index)
                for picture in packet.decode():
                    yield Frame(index, stamp_of(picture, index, rate), upright(picture))
                    index += 1
        except av.error.FFmpegError as error:
            raise broken_off(path, index) from error
    if index == 0:
        raise broken_off(path, index)


def broken_off(path: Path, index: int) -> BadInput:
    return BadInput("video file", path, f"breaks off after {index} frames; copy or record it again")


def stamp_of(picture: av.VideoFrame, index: int, rate: Fraction) -> int:
    """Presentation time since the start of the stream's clock [ns]."""
    seconds = index / rate if picture.pts is None else picture.pts * picture.time_base
    return round(seconds * SECOND_NS)


def upright(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """(H, W, 3) RGB, turned the way the camera was held."""
    image = picture.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(image, round(picture.rotation / 90) % 4))


def list_images(path: Path) -> list[Path]:
    """The images of a folder as a person would count them, 2 before 10.  Raises BadInput."""
    images = [one for one in path.iterdir() if one.suffix.lower() in IMAGE_SUFFIXES]
    if not images:
        raise BadInput("image folder", path, f"holds no images ({', '.join(IMAGE_SUFFIXES)})")
    return sorted(images, key=lambda one: natural_key(one.name))


def natural_key(name: str) -> list[tuple[int, str]]:
    """Numbers compare as numbers, everything else as text."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def read_images(images: list[Path], fps: float) -> Iterator[Frame]:
    """Image files as a clip of `fps` frames per second [1/s].  Raises BadInput."""
    if not fps > 0:
        raise BadInput("fps", fps, "must be above 0")
    for index, path in enumerate(images):
        yield Frame(index, round(index * SECOND_NS / fps), read_image(path))


def read_image(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) RGB.  Raises BadInput."""
    content = np.fromfile(path, np.uint8)
    image = cv2.imdecode(content, cv2.IMREAD_COLOR_RGB) if content.size else None
    if image is None:
        raise BadInput("image file", path, "cannot be decoded; replace or remove it")
    return np.asarray(image, np.uint8)
