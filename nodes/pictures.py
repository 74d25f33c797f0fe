"""Arrays <-> sensor_msgs/Image, the cheap way.

rclpy's setter for `data` looks at every element of anything but an array.array (over a second for a 720p image), so
the array is filled from the bytes of the picture in one copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

ENCODINGS = {
    "mono8": (np.dtype(np.uint8), 1),
    "rgb8": (np.dtype(np.uint8), 3),
    "32FC1": (np.dtype(np.float32), 1),
}


def to_image(picture: NDArray[Any] | None, encoding: str, header: Header) -> Image:
    """picture: (h, w) or (h, w, channels) as `encoding` wants it; None becomes an image of 0 x 0."""
    message = Image(header=header, encoding=encoding)
    if picture is None:
        return message
    kind, channels = ENCODINGS[encoding]
    pixels = np.ascontiguousarray(picture, dtype=kind)
    message.height, message.width = pixels.shape[:2]
    message.step = pixels.shape[1] * channels * kind.itemsize
    message.data.frombytes(memoryview(pixels).cast("B"))
    return message


def from_image(message: Image) -> NDArray[Any] | None:
    """The inverse of to_image, without a copy.  For images of our own making: no padding, little endian."""
    if message.height == 0:
        return None
    kind, channels = ENCODINGS[message.encoding]
    pixels = np.frombuffer(message.data, dtype=kind)
    shape = (message.height, message.width, channels)[: 2 if channels == 1 else 3]
    return pixels.reshape(shape)
