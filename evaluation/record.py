"""A video or image folder as a rosbag2 (MCAP), as a camera driver would have recorded it."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from road_clarity.evaluation.sources import Source
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame, Intrinsics

IMAGE_TOPIC, INFO_TOPIC = "/camera/image_raw/compressed", "/camera/camera_info"
IMAGE_TYPE, INFO_TYPE = "sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/CameraInfo"
QUALITY = 95  # of the JPEGs, 0..100
SECOND_NS = 1_000_000_000
TYPES = get_typestore(Stores.ROS2_JAZZY)


def record(
    source: Source,
    bag: Path,
    field_of_view_deg: float,
    seen: Callable[[], None] = lambda: None,
) -> int:
    """Write the bag; it appears under its name once complete.  Returns the number of frames.

    seen: called after every frame
    field_of_view_deg: horizontal, stands in for intrinsics that the source does not have [deg]
    """
    if not 0.0 < field_of_view_deg < 180.0:
        raise BadInput("fov", field_of_view_deg, "must be between 0 and 180 degrees")
    count = 0
    with new_bag(bag) as writer:
        image = writer.add_connection(IMAGE_TOPIC, IMAGE_TYPE, typestore=TYPES)
        info = writer.add_connection(INFO_TOPIC, INFO_TYPE, typestore=TYPES)
        for frame in source.frames:
            intrinsics = frame.intrinsics or assumed(frame.size, field_of_view_deg)
            for connection, message in (
                (image, image_message(frame)),
                (info, info_message(frame, intrinsics)),
            ):
                content = TYPES.serialize_cdr(message, connection.msgtype)
                writer.write(connection, frame.stamp_ns, content)
            count += 1
            seen()
    return count


@contextmanager
def new_bag(bag: Path) -> Iterator[Writer]:
    """A writer into a temporary folder that becomes `bag` at the end, or vanishes."""
    bag = bag.absolute()
    if bag.exists():
        raise BadInput("bag", bag, "already exists; name a new one or remove it")
    nearest = next(parent for parent in bag.parents if parent.is_dir())
    partial = nearest / f".{bag.name}.{os.getpid()}.partial"
    partial.mkdir()
    try:
        with Writer(partial / bag.name, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            yield writer
        bag.parent.mkdir(parents=True, exist_ok=True)
        (partial / bag.name).rename(bag)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def assumed(size: tuple[int, int], field_of_view_deg: float) -> Intrinsics:
    """A pinhole camera with square pixels that looks through the middle of the image."""
    width, height = size
    focal = width / 2 / math.tan(math.radians(field_of_view_deg) / 2)
    return Intrinsics(focal, focal, width / 2, height / 2)


def header(frame: Frame) -> Any:
    message = TYPES.types["std_msgs/msg/Header"]
    stamp = TYPES.types["builtin_interfaces/msg/Time"]
    seconds, nanoseconds = divmod(frame.stamp_ns, SECOND_NS)
    return message(stamp=stamp(sec=seconds, nanosec=nanoseconds), frame_id=frame.frame_id)


def image_message(frame: Frame) -> Any:
    bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return TYPES.types[IMAGE_TYPE](header=header(frame), format="jpeg", data=content.ravel())


def info_message(frame: Frame, camera: Intrinsics) -> Any:
    """No distortion: the pinhole matrix in K and P, the identity in R (REP-104)."""
    region = TYPES.types["sensor_msgs/msg/RegionOfInterest"]
    k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return TYPES.types[INFO_TYPE](
        header=header(frame),
        width=frame.size[0],
        height=frame.size[1],
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=np.array(k),
        r=np.eye(3).ravel(),
        p=np.array(p),
        binning_x=0,
        binning_y=0,
        roi=region(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )
