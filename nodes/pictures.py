"""Arrays <-> sensor_msgs/Image, the cheap way.

rclpy's setter for `data` looks at every element of anything but an array.array (over a second for a
720p image), so the array is filled from the bytes of the picture in one copy.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

ENCODINGS: dict[str, tuple[np.dtype[Any], int]] = {
    "mono8": (np.dtype(np.uint8), 1),
    "rgb8": (np.dtype(np.uint8), 3),
    "32FC1": (np.dtype(np.float32), 1),
}


def to_image(picture: NDArray[Any] | None, encoding: str, header: Header) -> Image:
    """picture: (h, w) or (h, w, channels) as `encoding` wants it; None becomes 0 x 0."""
    message = Image(header=header, encoding=encoding)
    if picture is None:
        return message
    kind, channels = ENCODINGS[encoding]
    pixels = np.ascontiguousarray(picture, dtype=kind)
    message.height, message.width = pixels.shape[:2]
    message.step = pixels.shape[1] * channels * kind.itemsize
    message.data.frombytes(pixels.data.cast("B"))
    return message


def from_image(message: Image) -> NDArray[Any] | None:
    """The inverse of to_image, without a copy; for images of our own making only."""
    if message.height == 0:
        return None
    kind, channels = ENCODINGS[message.encoding]
    pixels: NDArray[Any] = np.frombuffer(message.data, dtype=kind)
    shape = (message.height, message.width, channels)[: 2 if channels == 1 else 3]
    return pixels.reshape(shape)


def to_jpeg(picture: NDArray[np.uint8], quality: int, header: Header) -> CompressedImage:
    """picture: (H, W, 3) RGB; quality: 1..100"""
    blue_first = np.ascontiguousarray(picture[..., ::-1])
    _, jpeg = cv2.imencode(".jpg", blue_first, [cv2.IMWRITE_JPEG_QUALITY, quality])
    message = CompressedImage(header=header, format="jpeg")
    message.data.frombytes(jpeg.tobytes())
    return message
