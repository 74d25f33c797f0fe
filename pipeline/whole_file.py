"""Is a video file whole?  Containers say how long their parts are; a broken copy is shorter.

FFmpeg plays what is there and stays silent about the rest (GIF, Matroska) or reports it only at the
end (MP4), after minutes of work.  Layouts: ISO/IEC 14496-12 section 4.2, RIFF, RFC 9559 section 5,
GIF89a section 27.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from road_clarity.models.errors import BadInput

SEGMENT = b"\x18\x53\x80\x67"  # the one top element of Matroska after its header
UNKNOWN_RIFF = (0, 0xFFFFFFFF)  # what a recorder that could not seek back leaves as size


def require_whole(path: Path) -> None:
    """Raises BadInput when the container promises more bytes than the file has."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        promised = promise(head)(file, size)
    if promised > size:
        remedy = f"is cut short ({size} bytes, at least {promised} expected); copy it again"
        raise BadInput("video file", path, remedy)


def promise(head: bytes) -> Callable[[BinaryIO, int], int]:
    """What tells the promised size of a file that starts like this: (file, size) -> bytes."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide"):
        return boxes_end
    if head[:4] == b"RIFF":
        return riff_end
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return matroska_end
    if head[:4] == b"GIF8":
        return gif_end
    return lambda file, size: size


def boxes_end(file: BinaryIO, size: int) -> int:
    """MP4 and MOV: boxes of [size 4, type 4, (size 8)], big endian, one after another."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # 0: the last box, up to the end of the file
            return size
        at += length
    return at


def riff_end(file: BinaryIO, size: int) -> int:
    """AVI: chunks of [type 4, size 4 little endian], padded to even length."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if length in UNKNOWN_RIFF:
            return size
        at += 8 + length + length % 2
    return size if at == size + 1 else at  # the very last padding byte is often left out


def matroska_end(file: BinaryIO, size: int) -> int:
    """MKV and WebM: an EBML header, then one segment whose size may be unknown."""
    head = file.read(4096)
    start = head.find(SEGMENT) + len(SEGMENT)
    if start < len(SEGMENT) or start == len(head) or head[start] == 0:
        return size
    width = 9 - head[start].bit_length()  # [bytes] the leading zeros of the first one say it
    value = int.from_bytes(head[start : start + width], "big") - (1 << 7 * width)
    unknown = value == (1 << 7 * width) - 1
    return size if unknown else start + width + value


def gif_end(file: BinaryIO, size: int) -> int:
    """GIF: the last byte is a semicolon; some writers pad with zeros."""
    file.seek(max(size - 512, 0))
    return size if file.read().rstrip(b"\0").endswith(b";") else size + 1
