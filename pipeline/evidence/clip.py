"""clip.mcap: the frames around an event, for ros2 bag, Foxglove, and `road-clarity replay`.

    /camera/image_raw/compressed  sensor_msgs/msg/CompressedImage  the pictures, as JPEG
    /road_clarity/frames          JSON                             the line of frames.jsonl

Log time is the stamp of the frame, so equal frames give equal bytes.  The JSON channel names no
schema: readers of ROS bags stop at one that is not of ROS.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from road_clarity.pipeline.evidence.moment import Kept
from road_clarity.pipeline.frame_row import line

PICTURES, ROWS = "/camera/image_raw/compressed", "/road_clarity/frames"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"
DEFINITION = """\
std_msgs/Header header
string format
uint8[] data
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""
SECOND_NS = 1_000_000_000
LITTLE_ENDIAN = b"\0\1\0\0"  # how CDR begins
READ_ERRORS = (McapError, OSError, ValueError, struct.error)  # what a damaged file makes of it


@dataclass(frozen=True, eq=False)
class Clipped:
    """A frame as it is read back; row None where only the picture is there."""

    stamp_ns: int
    jpeg: bytes | None
    row: dict[str, Any] | None


def clip_bytes(frames: Sequence[Kept]) -> bytes:
    """The file's content; frames in order."""
    return packed_clip(
        (
            one.stamp_ns,
            None if one.jpeg is None else compressed_image(one.stamp_ns, one.frame_id, one.jpeg),
            one.row.encode(),
        )
        for one in frames
    )


def moved_clip(clip: bytes, frames: int, ns: int) -> bytes:
    """The same clip `ns` later [ns] and `frames` further on in the run.

    Raises one of READ_ERRORS.
    """
    by_topic: dict[str, dict[int, bytes]] = {PICTURES: {}, ROWS: {}}
    for _, channel, message in make_reader(io.BytesIO(clip)).iter_messages([PICTURES, ROWS]):
        by_topic[channel.topic][message.log_time] = message.data
    pictured = by_topic[PICTURES]
    return packed_clip(
        (
            at + ns,
            restamped(pictured[at], at + ns) if at in pictured else None,
            moved_row(row, frames, ns),
        )
        for at, row in sorted(by_topic[ROWS].items())
    )


def restamped(message: bytes, stamp_ns: int) -> bytes:
    """A CompressedImage with another stamp: it comes first in its header."""
    stamp = struct.pack("<iI", *divmod(stamp_ns, SECOND_NS))
    start = len(LITTLE_ENDIAN)
    return message[:start] + stamp + message[start + len(stamp) :]


def moved_row(text: bytes, frames: int, ns: int) -> bytes:
    row = json.loads(text)
    return line(row | {"index": row["index"] + frames, "stamp_ns": row["stamp_ns"] + ns}).encode()


def packed_clip(frames: Iterable[tuple[int, bytes | None, bytes]]) -> bytes:
    """The file's content.  frames: stamp [ns], CompressedImage or None, and row of each."""
    file = io.BytesIO()
    writer = Writer(file, compression=CompressionType.NONE)
    writer.start(profile="ros2", library="road_clarity")
    schema = writer.register_schema(COMPRESSED_IMAGE, "ros2msg", DEFINITION.encode())
    pictures = writer.register_channel(PICTURES, "cdr", schema)
    rows = writer.register_channel(ROWS, "json", 0)
    for number, (at, picture, row) in enumerate(frames):
        if picture is not None:
            writer.add_message(pictures, at, picture, at, number)
        writer.add_message(rows, at, row, at, number)
    writer.finish()
    return file.getvalue()


def read_clip(path: Path) -> Iterator[Clipped]:
    """The frames in order.  Raises one of READ_ERRORS."""
    yield from frames_in(path.read_bytes())


def frames_in(clip: bytes) -> Iterator[Clipped]:
    """The frames in order.  Raises one of READ_ERRORS."""
    found: dict[int, tuple[bytes | None, dict[str, Any] | None]] = {}
    for _, channel, message in make_reader(io.BytesIO(clip)).iter_messages([PICTURES, ROWS]):
        jpeg, row = found.get(message.log_time, (None, None))
        if channel.topic == PICTURES:
            jpeg = picture_in(message.data)
        else:
            row = json.loads(message.data)
        found[message.log_time] = jpeg, row
    for stamp_ns, (jpeg, row) in sorted(found.items()):
        yield Clipped(stamp_ns, jpeg, row)


def compressed_image(stamp_ns: int, frame_id: str, jpeg: bytes) -> bytes:
    """A sensor_msgs/msg/CompressedImage in CDR: numbers lie at multiples of their size."""
    content = struct.pack("<iI", *divmod(stamp_ns, SECOND_NS))
    for text in (frame_id, "jpeg"):
        content = aligned(content) + struct.pack("<I", len(text.encode()) + 1) + text.encode()
        content += b"\0"
    return LITTLE_ENDIAN + aligned(content) + struct.pack("<I", len(jpeg)) + jpeg


def picture_in(message: bytes) -> bytes:
    """The data of a CompressedImage.  Raises ValueError or struct.error."""
    content, at = message[len(LITTLE_ENDIAN) :], 8
    for _ in ("frame_id", "format"):
        (length,) = struct.unpack_from("<I", content, at)
        at = up_to_four(at + 4 + length)
    (length,) = struct.unpack_from("<I", content, at)
    jpeg = content[at + 4 :]
    if len(jpeg) != length:
        raise ValueError("a picture is cut short")
    return jpeg


def aligned(content: bytes) -> bytes:
    return content.ljust(up_to_four(len(content)), b"\0")


def up_to_four(length: int) -> int:
    return -(-length // 4) * 4
