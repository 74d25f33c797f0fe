"""Evidence bundles: an event's folder that is complete or absent, and names its own content.

manifest.json holds the sha256 of every other file, and the sha256 of the manifest is the bundle's
id: equal events have equal ids, and whatever changes later shows.  A bundle is written under
another name, brought to the disk, and then renamed, so that a crash leaves nothing half-written.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from road_clarity.pipeline.evidence.event import MANIFEST, event_folders

LOCK = ".lock"
PARTIAL, DELETED = ".partial", ".deleted"
LOCK_WAIT_S = 5.0
FORMAT = 1


class Damaged(ValueError):
    """A bundle that is not what its manifest says."""


def manifest_bytes(files: Mapping[str, bytes]) -> bytes:
    said = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in files.items()
    }
    text = json.dumps({"format": FORMAT, "files": said}, indent=2, sort_keys=True)
    return text.encode() + b"\n"


def write_bundle(folder: Path, name: str, files: Mapping[str, bytes]) -> str:
    """Put the bundle into an evidence folder whose lock is held; its id.  Raises OSError."""
    manifest = manifest_bytes(files)
    partial = folder / f".{name}{PARTIAL}"
    try:
        partial.mkdir()
        for file, content in {**files, MANIFEST: manifest}.items():
            write_file(partial / file, content)
        sync_folder(partial)
        partial.rename(folder / name)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync_folder(folder)
    return hashlib.sha256(manifest).hexdigest()


def write_file(path: Path, content: bytes) -> None:
    """On the disk when it returns.  Raises OSError."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def read_manifest(bundle: Path) -> tuple[str, dict[str, dict[str, str | int]]]:
    """The bundle's id, and what it says of its files.  Raises Damaged."""
    try:
        content = (bundle / MANIFEST).read_bytes()
        files = json.loads(content)["files"]
        for one in files.values():
            one["sha256"], one["bytes"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{MANIFEST} cannot be read ({error})") from error
    return hashlib.sha256(content).hexdigest(), files


def read_part(bundle: Path, name: str) -> bytes:
    """One file, as it was stored.  Raises Damaged."""
    return checked_part(bundle, name, read_manifest(bundle)[1])


def checked_part(bundle: Path, name: str, files: Mapping[str, Mapping[str, str | int]]) -> bytes:
    try:
        content = (bundle / name).read_bytes()
    except OSError as error:
        raise Damaged(f"{name} cannot be read ({error.strerror})") from error
    if name not in files or hashlib.sha256(content).hexdigest() != files[name]["sha256"]:
        raise Damaged(f"{name} is not what was stored: its sha256 is another")
    return content


def verify(bundle: Path) -> str:
    """The id of a bundle whose every file is what it was.  Raises Damaged."""
    name, files = read_manifest(bundle)
    for file in files:
        checked_part(bundle, file, files)
    return name


@contextmanager
def locked(folder: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Nobody else writes into the evidence folder meanwhile; it is made if need be.

    Raises OSError.  The lock dies with its process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as file:
        wait_for(lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB), wait_s)
        yield


def wait_for(attempt: Callable[[], None], wait_s: float) -> None:
    """Until the attempt is not refused any more.  Raises BlockingIOError, an OSError."""
    until_s = time.monotonic() + wait_s
    while True:
        try:
            return attempt()
        except BlockingIOError:
            if time.monotonic() >= until_s:
                raise
            time.sleep(0.005)


def sweep(folder: Path) -> None:
    """Remove what a crash left behind.  With the lock held, nobody is writing it any more."""
    for suffix in (PARTIAL, DELETED):
        for path in folder.glob(f".*{suffix}"):
            shutil.rmtree(path, ignore_errors=True)


def remove_bundle(folder: Path, name: str) -> None:
    """Gone at once, or not at all.  The lock is held.  Raises OSError."""
    gone = folder / f".{name}{DELETED}"
    (folder / name).rename(gone)
    sync_folder(folder)
    shutil.rmtree(gone, ignore_errors=True)


def bundle_size(bundle: Path) -> int:
    """[bytes]"""
    return sum(one.stat().st_size for one in bundle.iterdir() if one.is_file())


def numbers(folder: Path) -> Iterator[int]:
    """Of the events that are there: 0003-corridor-person is 3."""
    for name in event_folders(folder):
        number = name.partition("-")[0]
        if number.isdecimal():
            yield int(number)
