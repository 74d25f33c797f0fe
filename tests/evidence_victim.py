"""Stores and labels events until it is killed, once for each seed; prints what it had finished.

`python evidence_victim.py FOLDER SEED...`: one JSON line for each seed.  A process of its own is
forked for every seed, so that Python and its libraries are loaded once.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import cv2
from made_moments import made_events, made_moment

from road_clarity.pipeline.events import EventConfig, EventRecorder
from road_clarity.pipeline.evidence.store import Evidence


def work(folder: Path, told: int) -> None:
    """Tell of an event or a label once the call that stores it has returned."""
    recorder = EventRecorder(folder, {"vae_edge": "ab" * 32}, EventConfig(gap_s=0.05, after_s=0.0))
    evidence = Evidence(folder)
    for index in range(10**6):
        event = recorder.see(made_moment(index, "high" if index % 3 == 0 else "nominal"), "road")
        if event is not None:
            os.write(told, f"event {event.id}\n".encode())
            evidence.label(event.id, "FALSE_ALARM", who="victim")
            os.write(told, f"label {event.id}\n".encode())


def killed(folder: Path, seed: int) -> list[str]:
    """What it had told before SIGKILL."""
    ours, told = os.pipe()
    victim = os.fork()
    if victim == 0:
        try:
            work(folder, told)
        finally:
            os._exit(1)  # only SIGKILL may end it, and it never becomes its parent
    os.close(told)
    chance = random.Random(seed)
    with os.fdopen(ours) as file:
        lines = [file.readline() for _ in range(chance.randrange(4))]
        time.sleep(chance.uniform(0.0, 0.08))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        return [*lines, *file]


def slow_fsync(file: int) -> None:
    """A disk that takes its time, so that many are killed while they write."""
    time.sleep(0.002)


def warm_up() -> None:
    """What is slow the first time (fonts, tables, code_sha256) is inherited by all that follow."""
    cv2.setNumThreads(1)  # threads do not survive a fork
    with tempfile.TemporaryDirectory() as folder:
        made_events(Path(folder))


def main(folder: Path, seeds: list[int]) -> None:
    warm_up()
    os.fsync = slow_fsync
    for seed in seeds:
        told = killed(folder, seed)
        left = len([one for one in folder.glob(".*.partial")]) if folder.is_dir() else 0
        evidence = Evidence(folder)
        evidence.recover()
        with evidence.reading() as index:
            names = [one.id for one in index.select()[0]]
            broken = index.unreadable()
        evidence.close()
        after = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        print(json.dumps({"told": told, "left": left, "indexed": names, "broken": broken,
                          "after": after}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(seed) for seed in sys.argv[2:]])
