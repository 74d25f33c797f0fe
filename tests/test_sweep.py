"""Shared memory of processes that were killed goes; that of others, and ports, stay."""

import fcntl
import os

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from road_clarity.nodes import transport

DEAD, LIVING, YOUNG = (f"fastrtps_{name * 16}" for name in "abc")
PORT = "fastrtps_port7411"


def test_only_segments_that_nobody_holds_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "SHARED_MEMORY", tmp_path)
    for name in (DEAD, LIVING, YOUNG, PORT):
        for path in (tmp_path / name, tmp_path / f"{name}_el"):
            path.write_bytes(b"")
            if name != YOUNG:
                os.utime(path, (1, 1))
    with (tmp_path / f"{LIVING}_el").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        transport.sweep()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {name + end for name in (LIVING, YOUNG, PORT) for end in ("", "_el")}
