"""sensor_msgs Image and CompressedImage to RGB arrays.

By duck typing, so that the classes of rclpy and of rosbags both work.
Encodings: sensor_msgs/image_encodings.hpp of ROS 2 Jazzy.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame, Intrinsics

Pixels = NDArray[np.uint8]

# encoding -> (channels, bytes per channel, what makes RGB of it; None when it is RGB)
ENCODINGS: dict[str, tuple[int, int, int | None]] = {
    "rgb8": (3, 1, None),
    "bgr8": (3, 1, cv2.COLOR_BGR2RGB),
    "8UC3": (3, 1, cv2.COLOR_BGR2RGB),  # OpenCV's own order
    "rgba8": (4, 1, cv2.COLOR_RGBA2RGB),
    "bgra8": (4, 1, cv2.COLOR_BGRA2RGB),
    "8UC4": (4, 1, cv2.COLOR_BGRA2RGB),
    "mono8": (1, 1, cv2.COLOR_GRAY2RGB),
    "8UC1": (1, 1, cv2.COLOR_GRAY2RGB),
    "rgb16": (3, 2, None),
    "bgr16": (3, 2, cv2.COLOR_BGR2RGB),
    "rgba16": (4, 2, cv2.COLOR_RGBA2RGB),
    "bgra16": (4, 2, cv2.COLOR_BGRA2RGB),
    "mono16": (1, 2, cv2.COLOR_GRAY2RGB),
    # ROS names the first row's colours, OpenCV the second's from its second pixel: hence the twist.
    "bayer_rggb8": (1, 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr8": (1, 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg8": (1, 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg8": (1, 1, cv2.COLOR_BayerGB2RGB),
    "bayer_rggb16": (1, 2, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr16": (1, 2, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg16": (1, 2, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg16": (1, 2, cv2.COLOR_BayerGB2RGB),
    "yuv422": (2, 1, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": (2, 1, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": (2, 1, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": (2, 1, cv2.COLOR_YUV2RGB_YUY2),
    "nv12": (1, 1, cv2.COLOR_YUV2RGB_NV12),
    "nv21": (1, 1, cv2.COLOR_YUV2RGB_NV21),
}
HALF_HEIGHT_CHROMA = ("nv12", "nv21")  # after the H rows of brightness come H / 2 rows of colour
SECOND_NS = 1_000_000_000


def frame_of(message: Any, index: int, received_ns: int, intrinsics: Intrinsics | None) -> Frame:
    """A frame from an Image or CompressedImage.  Raises BadInput.

    received_ns: stands in for a header that a driver left at zero [ns]
    """
    image = decode_compressed(message) if hasattr(message, "format") else decode_raw(message)
    stamp_ns = stamp_of(message) or received_ns
    return Frame(index, stamp_ns, image, message.header.frame_id or "camera", intrinsics)


def stamp_of(message: Any) -> int:
    """Header stamp [ns]; 0 when it was never set."""
    stamp = message.header.stamp
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def intrinsics_of(info: Any) -> Intrinsics | None:
    """From a CameraInfo; None when the camera was not calibrated (REP-104: K is all zeros)."""
    k = info.k
    return Intrinsics(float(k[0]), float(k[4]), float(k[2]), float(k[5])) if k[0] > 0 else None


def decode_compressed(message: Any) -> Pixels:
    """(H, W, 3) RGB of a JPEG, PNG or WebP.  Raises BadInput."""
    content = np.frombuffer(message.data, np.uint8)
    wanted = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(content, wanted) if content.size else None
    if image is None:
        raise BadInput("image format", repr(message.format), "not a readable JPEG, PNG or WebP; "
                       "publish compressed colour images")  # fmt: skip
    return np.asarray(image, np.uint8)


def decode_raw(message: Any) -> Pixels:
    """(H, W, 3) RGB, C-contiguous.  Raises BadInput for an unknown encoding or too little data."""
    if message.encoding not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        raise BadInput("image encoding", repr(message.encoding), f"unknown; publish one of {known}")
    channels, depth, conversion = ENCODINGS[message.encoding]
    planes = bytes_of(message, channels * depth)  # (rows, W * channels * depth)
    if depth == 2:
        planes = high_bytes(planes, bool(message.is_bigendian))
    image = planes.reshape(planes.shape[0], message.width, channels)
    if conversion is None:
        return np.ascontiguousarray(image)
    try:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), conversion), np.uint8)
    except cv2.error as error:  # half a pixel pair, half a colour row
        size = f"{message.width}x{message.height}"
        raise BadInput("image size", size, f"is none that {message.encoding} can have") from error


def bytes_of(message: Any, pixel_bytes: int) -> Pixels:
    """Rows without their padding.  (rows, W * pixel_bytes)"""
    rows = message.height * 3 // 2 if message.encoding in HALF_HEIGHT_CHROMA else message.height
    content = np.frombuffer(message.data, np.uint8)
    used = message.width * pixel_bytes
    if used == 0 or rows == 0 or message.step < used or content.size < rows * message.step:
        raise BadInput(
            "image", f"{message.width}x{message.height} {message.encoding} step {message.step}",
            f"{content.size} bytes do not fill it; check the driver's step and data",
        )  # fmt: skip
    return content[: rows * message.step].reshape(rows, message.step)[:, :used]


def high_bytes(planes: Pixels, big_endian: bool) -> Pixels:
    """The upper eight of sixteen bits.  (rows, 2 n) -> (rows, n)"""
    return planes[:, 0 if big_endian else 1 :: 2]
