"""Pictures from outside: measured before they are unpacked, as a few bytes can hold gigabytes.

PNG (RFC 2083 section 4.1.1) and JPEG (ITU T.81 section B.2.2) state their size near the beginning.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.service.errors import invalid

MAX_BYTES = 12 << 20  # of an encoded picture
MAX_PIXELS = 16_000_000
MIN_SIDE, MAX_SIDE = 16, 8192  # [px]
PNG_HEAD, JPEG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff"
FRAME_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0.. without DHT, JPG, DAC


def decode(content: bytes, field: str) -> NDArray[np.uint8]:
    """(H, W, 3) RGB.  Raises Refusal that names `field`."""
    if len(content) > MAX_BYTES:
        raise invalid(field, f"has {len(content)} bytes, at most {MAX_BYTES} are taken")
    size = stated_size(content)
    if size is None:
        raise invalid(field, "is neither PNG nor JPEG")
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in size) or size[0] * size[1] > MAX_PIXELS:
        raise invalid(
            field,
            f"is {size[0]}x{size[1]}, must have {MIN_SIDE}..{MAX_SIDE} pixels a side and at most "
            f"{MAX_PIXELS} in all",
        )
    wanted = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    whole = png_is_whole(content) if content.startswith(PNG_HEAD) else jpeg_is_whole(content)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), wanted) if whole else None
    if image is None or image.shape[1::-1] != size:
        raise invalid(field, "cannot be decoded; it may be cut short")
    return np.asarray(image, np.uint8)


def stated_size(content: bytes) -> tuple[int, int] | None:
    """(width, height) [px] by the file's own words; None when it is no PNG or JPEG."""
    if content.startswith(PNG_HEAD) and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    return jpeg_size(content) if content.startswith(JPEG_HEAD) else None


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Walk the segments, each FF, marker, length, up to the frame header."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in FRAME_MARKERS:
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def png_is_whole(content: bytes) -> bool:
    """Walk the chunks, each length, name, data, checksum, up to the last one.

    OpenCV 5 reserves whatever length a chunk claims, up to 4 GB; and animations are no photographs.
    """
    at = len(b"\x89PNG\r\n\x1a\n")
    while at + 12 <= len(content):
        length, name = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        at += 12 + length
        if name == b"acTL":
            return False
        if name == b"IEND":
            return at == len(content)
    return False


def jpeg_is_whole(content: bytes) -> bool:
    """Whether the end marker is there: OpenCV paints grey what is cut off.  Zeros may follow it."""
    return content.rstrip(b"\0").endswith(b"\xff\xd9")
