"""A recorder that is killed at any moment loses no finished event and leaves no broken one."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from road_clarity.pipeline.evidence.bundle import verify
from road_clarity.pipeline.evidence.store import Evidence

VICTIM = Path(__file__).with_name("evidence_victim.py")
KILLS = 60


@pytest.fixture(scope="module")
def memory_disk():
    """Not the disk: the victim's fsync is a made one, as SIGKILL takes nothing from the cache."""
    parent = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def killings(memory_disk):
    """The folder, and what each of the killed ones had told and left."""
    folder = memory_disk / "evidence"
    path = os.pathsep.join([str(VICTIM.parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, VICTIM, folder, *map(str, range(KILLS))],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, [json.loads(line) for line in done.stdout.splitlines()]


def told(rounds, kind):
    """What the killed ones had been promised."""
    lines = (line.split() for one in rounds for line in one["told"])
    return [name for what, name in lines if what == kind]


def test_it_was_killed_often_and_in_the_middle_of_writing(killings):
    _, rounds = killings
    assert len(rounds) == KILLS
    assert sum(one["left"] > 0 for one in rounds) >= 5
    assert len(told(rounds, "event")) >= 50


@pytest.mark.claim("kept")
def test_no_finished_event_is_lost(killings):
    folder, rounds = killings
    assert [name for name in told(rounds, "event") if not (folder / name).is_dir()] == []
    assert all(set(told([one], "event")) <= set(one["indexed"]) for one in rounds)


@pytest.mark.claim("kept")
def test_no_event_is_broken(killings):
    folder, rounds = killings
    assert [one["broken"] for one in rounds] == [[]] * KILLS
    for name in rounds[-1]["indexed"]:
        verify(folder / name)


@pytest.mark.claim("kept")
def test_nothing_half_written_is_left_and_no_number_is_used_twice(killings):
    _, rounds = killings
    for one in rounds:
        folders = [name for name in one["after"] if name[0].isdigit()]
        assert folders == sorted(one["indexed"])
        assert not any(name.endswith((".partial", ".deleted")) for name in one["after"])
    numbers = [name[:4] for name in rounds[-1]["indexed"]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.claim("kept")
def test_no_label_is_lost(killings):
    folder, rounds = killings
    evidence = Evidence(folder)
    labels = {name: evidence.entry(name).label for name in told(rounds, "label")}
    evidence.close()
    assert set(labels.values()) == {"FALSE_ALARM"}
