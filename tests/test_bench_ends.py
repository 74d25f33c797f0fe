"""Whoever ends `road-clarity bench --pipeline` ends the running system with it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

SCRIPT = """#!/bin/sh
echo $$ > {pid}
exec sleep 60
"""
BENCH = """
import sys
from pathlib import Path
from road_clarity import bench_command
sys.executable = sys.argv[1]
bench_command.measured(Path("street.mp4"), 1.0, "edge", "cpu", None)
"""


def test_the_measured_system_ends_with_the_bench_that_was_asked_to_end(tmp_path: Path):
    stand_in, pid = tmp_path / "python", tmp_path / "pid"
    stand_in.write_text(SCRIPT.format(pid=pid))
    stand_in.chmod(0o755)
    bench = subprocess.Popen([sys.executable, "-c", BENCH, str(stand_in)])
    try:
        until_s = time.monotonic() + 60
        while not (pid.exists() and pid.read_text().endswith("\n")):
            assert time.monotonic() < until_s, "it never began"
            time.sleep(0.05)
        bench.send_signal(signal.SIGTERM)
        bench.wait(10)
        assert ends(int(pid.read_text()))
    finally:
        bench.kill()
        with suppress(OSError, ValueError):
            os.kill(int(pid.read_text()), signal.SIGKILL)


def ends(pid: int) -> bool:
    """Within 10 s; a zombie that nobody reaps has ended, too."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
