"""The processes under test: started, watched, measured, killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from road_clarity.nodes.supervisor import die_with_parent

MODULES = {"nodes.soak.drilled": "perception_node", "nodes.safety": "safety_node"}
ENDED = re.compile(r"^up: (\w+) ended with (-?\d+)", re.MULTILINE)
RSS = re.compile(r"^Rss(Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
STOP_S = 45.0


@dataclass(frozen=True)
class Memory:
    """What a process had in memory."""

    at_s: float  # [s, monotonic]
    name: str
    pid: int
    own_mb: float
    shared_mb: float = 0.0  # of DDS: as much as it has touched of segments that never grow


class Fleet:
    """`up` with the drilled perception process, and subscribers that never read."""

    def __init__(self, folder: Path, preset: str) -> None:
        """folder: for the log, the parameters and the evidence"""
        self.log, self.evidence = folder / "up.log", folder / "evidence"
        parameters = folder / "soak.param.yaml"
        parameters.write_text(
            f"/**/perception:\n  ros__parameters:\n    evidence.folder: '{self.evidence}'\n"
        )
        words = (f"preset={preset}", f"params_file={parameters}", "log_level=warn")
        with self.log.open("wb") as log:
            self._up = begin("road_clarity.nodes.soak.up", *words, output=log)
        self._mutes: list[subprocess.Popen[bytes]] = []
        self.memory: list[Memory] = []

    def pids(self) -> dict[str, int]:
        """Of the processes that live, by the name of their executable."""
        path = Path(f"/proc/{self._up.pid}/task/{self._up.pid}/children")
        found: dict[str, int] = {}
        for one in path.read_text().split() if path.exists() else ():
            line = read_quietly(Path(f"/proc/{one}/cmdline"))
            found |= {name: int(one) for module, name in MODULES.items() if module in line}
        return found

    def weigh(self) -> None:
        for name, pid in self.pids().items():
            status = read_quietly(Path(f"/proc/{pid}/status"))
            rss = {kind: int(kb) / 1024 for kind, kb in RSS.findall(status)}
            if rss:
                at_s, own, shared = time.monotonic(), rss["Anon"], rss["Shmem"]
                self.memory.append(Memory(at_s, name, pid, own, shared))

    def kill(self, name: str) -> None:
        pid = self.pids().get(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def add_mute(self) -> None:
        self._mutes.append(begin("road_clarity.nodes.soak.mute"))

    def hold_mutes(self) -> None:
        """Not even their DDS threads go on."""
        for one in self._mutes:
            one.send_signal(signal.SIGSTOP)

    def end_mutes(self) -> None:
        for one in self._mutes:
            one.kill()
            one.wait()
        self._mutes.clear()

    def is_up(self) -> bool:
        return self._up.poll() is None

    def ask_to_stop(self) -> None:
        self._up.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """By its id, in the end by force.  Returns the exit code of `up`."""
        self.end_mutes()
        try:
            return self._up.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._up.kill()  # its children get SIGTERM from the kernel
            return self._up.wait()

    def endings(self) -> Counter[tuple[str, int]]:
        """(executable, exit code) of every process that ended before it was asked to."""
        found = ENDED.findall(self.log.read_text(errors="replace"))
        return Counter((name, int(code)) for name, code in found)


def begin(module: str, *words: str, output: int | object = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdin=subprocess.DEVNULL,
        stdout=output,  # type: ignore[arg-type]
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def read_quietly(path: Path) -> str:
    """Of a process that may be gone."""
    try:
        return path.read_text()
    except OSError:
        return ""
