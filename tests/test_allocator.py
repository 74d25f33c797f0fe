"""The allocator of a process that takes in images: it keeps its pages, and keeps them once."""

import subprocess
import sys

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

# Four threads each take a block; glibc says how many arenas it made for that: "Arena 0:" and so on.
THREADS = """
import ctypes, threading
from road_clarity.nodes.transport import keep_pages
keep_pages()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = []

def work():
    blocks.append(libc.malloc(1 << 20))
    together.wait()

together = threading.Barrier(4)
threads = [threading.Thread(target=work) for _ in range(4)]
for one in threads:
    one.start()
for one in threads:
    one.join()
libc.malloc_stats()
"""


def test_all_threads_share_one_arena():
    told = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, timeout=60, check=True
    )
    assert [line for line in told.stderr.splitlines() if line.startswith("Arena")] == ["Arena 0:"]
