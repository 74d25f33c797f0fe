"""The processes of the system, started for a measurement in a ROS domain of its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from road_clarity.nodes.supervisor import STOPPING, command, die_with_parent
from road_clarity.nodes.table import DRIVE, DRIVE_ARGUMENTS, Value, complete, starts
from road_clarity.nodes.transport import sweep

CAMERA = "road_clarity.nodes.live.camera"
DOMAINS = range(60, 100)  # whoever else is on this machine uses 0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Parameters = Mapping[str, Mapping[str, Value]]  # by node


class Running:
    """A process of the system."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes]) -> None:
        self.name, self.popen = name, popen

    @property
    def memory_mib(self) -> float:
        """What is resident of it [MiB]; pages that it shares with others count in full."""
        pages = int(Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1])
        return pages * PAGE_BYTES / 2**20

    @property
    def busy_s(self) -> float:
        """Time of the cores that it has used [s]."""
        told = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / TICKS_PER_S

    def send(self, number: signal.Signals) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(number)


def own_domain() -> None:
    """Nothing that runs here hears or is heard by anybody else.  Call before rclpy.init."""
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().choice(DOMAINS))
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"


@contextmanager
def system(
    source: str, arguments: Mapping[str, str], parameters: Parameters, folder: Path
) -> Iterator[dict[str, Running]]:
    """Safety, perception and a camera that plays the source, by name; stopped at the end.

    folder: for the parameter file and what the processes say
    """
    params = folder / "measured.param.yaml"
    params.write_text(
        yaml.safe_dump(
            {f"/**/{node}": {"ros__parameters": dict(told)} for node, told in parameters.items()}
        )
    )
    given = {**arguments, "params_file": str(params) if parameters else ""}
    running: dict[str, Running] = {}
    try:
        commands = {
            start.process.executable: command(start)
            for start in starts(DRIVE, complete(DRIVE_ARGUMENTS, given))
        }
        commands["camera"] = [sys.executable, "-m", CAMERA, source]
        for name, words in commands.items():
            running[name] = Running(name, begin(words, folder / f"{name}.log"))
        yield running
    finally:
        stop(list(running.values()))
        sweep()


def begin(words: Sequence[str], said: Path) -> subprocess.Popen[bytes]:
    """said: the file for what it prints"""
    with said.open("ab") as log:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=die_with_parent,
        )  # fmt: skip


def stop(processes: list[Running]) -> None:
    """Ask, then insist; one that stands still must go on to hear it."""
    for number, patience_s in STOPPING:
        alive = [one for one in processes if one.popen.poll() is None]
        for one in alive:
            one.send(signal.SIGCONT)
            one.send(signal.Signals(number))
        for one in alive:
            try:
                one.popen.wait(patience_s)
            except subprocess.TimeoutExpired:
                print(f"{one.name} does not stop", file=sys.stderr)
