"""Make the process fit for raw images: enough shared memory, and an allocator that keeps its pages.

Measured at 1280x720, 30 images per second: without this a third of them arrives, or all of them
18 ms late; with it all arrive after 3 ms, for a third of the processor time.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

PROFILE = Path(__file__).with_name("fastdds.xml")
PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
SHARED_MEMORY = Path("/dev/shm")
SEGMENT_BYTES = 68 << 20  # of it for one process: the profile's segment and its queues

SEGMENT = re.compile(r"fastrtps_[0-9a-f]{16}")  # of one process; beside it lies its lock
YOUNG_S = 5.0  # until a process has surely locked what it made

# mallopt(3)
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -2, -3, -8
MIB = 1 << 20


def tune() -> None:
    """Call before rclpy.init.  What the user has set in the environment stays."""
    keep_pages()
    if enough_shared_memory():
        os.environ.setdefault(PROFILE_VARIABLE, str(PROFILE))


def enough_shared_memory() -> bool:
    """Whether two such processes fit; a container without --shm-size has 64 MiB in all."""
    return SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 2 * SEGMENT_BYTES


def keep_pages() -> None:
    """glibc would hand every image's memory back to the kernel and fetch it anew.

    One arena for all threads: with one each, every arena kept the most that its threads ever had at
    once, a quarter of the perception process, and more after every fault.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # not glibc
        return
    mallopt(M_MMAP_THRESHOLD, 32 * MIB)
    mallopt(M_TRIM_THRESHOLD, 512 * MIB)
    mallopt(M_TOP_PAD, 32 * MIB)
    mallopt(M_ARENA_MAX, 1)


def sweep() -> None:
    """Remove the shared memory of processes that were killed; nobody else does.

    Their segments only.  A port that loses its file while somebody holds it open, as `fastdds shm
    clean` does to it, is lost to all who start later; Fast DDS mends ports itself.
    """
    for lock in SHARED_MEMORY.glob("fastrtps_*_el"):
        segment = lock.with_name(lock.name.removesuffix("_el"))
        with suppress(OSError):  # somebody else was faster
            if SEGMENT.fullmatch(segment.name) and is_abandoned(lock):
                segment.unlink()
                lock.unlink()


def is_abandoned(lock: Path) -> bool:
    """Whether the process has ended that held it.  Raises OSError."""
    if time.time() - lock.stat().st_mtime < YOUNG_S:
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
