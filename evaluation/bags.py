"""Frames of rosbag2 folders and of single .mcap and .db3 files, read in code.

No DDS and no clock: every frame is seen, in recorded order, however long a frame takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import apsw
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.rosbag2 import ReaderError
from rosbags.typesys import Stores, get_typestore

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame, Intrinsics
from road_clarity.pipeline.image_message import frame_of, intrinsics_of

BAG_SUFFIXES = (".mcap", ".db3")
CAMERA_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
INFO_TYPE = "sensor_msgs/msg/CameraInfo"
# What the readers were seen to raise for files that are no bag, broke off or were overwritten.
READ_ERRORS = (
    AnyReaderError, ReaderError, apsw.Error, AssertionError, KeyError, MemoryError, OSError,
    OverflowError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


def is_bag(path: Path) -> bool:
    return path.suffix in BAG_SUFFIXES if path.is_file() else (path / "metadata.yaml").is_file()


@contextmanager
def open_bag(path: Path) -> Iterator[AnyReader]:
    """Raises BadInput for what is no readable bag."""
    reader = opened(path)
    try:
        yield reader
    finally:
        reader.close()


def opened(path: Path) -> AnyReader:
    """Bags without message definitions (old .db3) are read with those of ROS 2 Jazzy."""
    try:
        reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY))
        reader.open()
    except READ_ERRORS as error:
        raise unreadable(path, error) from error
    return reader


def unreadable(path: Path, error: Exception) -> BadInput:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BadInput(
        "bag", path, f"cannot be read ({reason}); record it again or run `ros2 bag reindex`"
    )


def count_camera_messages(path: Path, topic: str | None) -> int:
    """Messages on the camera topic.  Raises BadInput when there is none."""
    with open_bag(path) as reader:
        return sum(one.msgcount for one in camera_connections(reader, path, topic))


def bag_length_s(path: Path, topic: str | None) -> float:
    """From the first message to the last, of any topic [s].  Raises BadInput."""
    with open_bag(path) as reader:
        camera_connections(reader, path, topic)
        return max(float(reader.duration) * 1e-9, 0.0)


def camera_connections(reader: AnyReader, path: Path, topic: str | None) -> Sequence[Any]:
    """The connections of `topic`, or of the first camera topic by name.  Raises BadInput."""
    cameras = sorted({one.topic for one in reader.connections if one.msgtype in CAMERA_TYPES})
    found = ", ".join(sorted(f"{one.topic} ({one.msgtype})" for one in reader.connections))
    if topic is not None and topic not in cameras:
        raise BadInput(
            "topic", topic, f"is no camera topic of {path}; it has {found or 'no topics'}"
        )
    if not cameras:
        raise BadInput(
            "bag",
            path,
            f"has no camera topic (Image or CompressedImage), only {found or 'nothing'}",
        )
    chosen = topic or cameras[0]
    return [one for one in reader.connections if one.topic == chosen]


def read_bag(path: Path, topic: str | None = None) -> Iterator[Frame]:
    """All camera frames in recorded order.  Raises BadInput where the bag breaks off."""
    with open_bag(path) as reader:
        connections = camera_connections(reader, path, topic)
        intrinsics = find_intrinsics(reader, connections[0].topic, path)
        index = 0
        for received_ns, message in messages(reader, connections, path):
            yield frame_of(message, index, received_ns, intrinsics)
            index += 1
        if index == 0:
            raise BadInput(
                "bag", path, f"{connections[0].topic} holds no messages; record it again"
            )


def messages(
    reader: AnyReader, connections: Sequence[Any], path: Path
) -> Iterator[tuple[int, Any]]:
    """(time of recording [ns], message).  Raises BadInput where the bag breaks off."""
    try:
        for connection, received_ns, content in reader.messages(connections):
            yield received_ns, reader.deserialize(content, connection.msgtype)
    except READ_ERRORS as error:
        raise unreadable(path, error) from error


def find_intrinsics(reader: AnyReader, camera: str, path: Path) -> Intrinsics | None:
    """From the CameraInfo in the camera's own namespace, else from the only one there is."""
    infos = {one.topic: one for one in reader.connections if one.msgtype == INFO_TYPE}
    near = [str(parent / "camera_info") for parent in PurePosixPath(camera).parents]
    names = [name for name in near if name in infos] or (list(infos) if len(infos) == 1 else [])
    if not names:
        return None
    first = next(messages(reader, [infos[names[0]]], path), None)
    return intrinsics_of(first[1]) if first else None
