"""An event's evidence as one file in parts: the clip, or the whole bundle as a tar archive."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from road_clarity.pipeline.evidence.bundle import read_manifest, verify
from road_clarity.pipeline.evidence.event import CLIP_MCAP, MANIFEST
from road_clarity.service.gen import event_service_pb2 as pb

PART = 64 << 10  # [bytes]


def exported(bundle: Path, everything: bool) -> tuple[str, bytes]:
    """Name and content of the file, once all of the bundle was checked.

    Raises bundle.Damaged.
    """
    verify(bundle)
    if everything:
        return f"{bundle.name}.tar", archive(bundle)
    return f"{bundle.name}.mcap", (bundle / CLIP_MCAP).read_bytes()


def archive(bundle: Path) -> bytes:
    """Equal bundles give equal bytes: no times, no owners, files by name."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted([*read_manifest(bundle)[1], MANIFEST]):
            content = (bundle / name).read_bytes()
            entry = tarfile.TarInfo(f"{bundle.name}/{name}")
            entry.size, entry.mode = len(content), 0o444
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def parts(name: str, content: bytes, bundle_id: str) -> Iterator[pb.ExportEventResponse]:
    """The first part says what comes, the last one what came."""
    first = pb.ExportEventResponse(file_name=name, total_bytes=len(content), bundle_id=bundle_id)
    for at in range(0, len(content), PART):
        part = first if at == 0 else pb.ExportEventResponse()
        part.content = content[at : at + PART]
        yield part
    yield pb.ExportEventResponse(sha256=hashlib.sha256(content).hexdigest())
