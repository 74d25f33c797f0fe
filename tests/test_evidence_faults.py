"""A disk that is full, cannot be written or hangs costs an event, visibly, and nothing else."""

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from made_moments import made_events, made_moment

from road_clarity.pipeline.events import EventConfig, EventRecorder
from road_clarity.pipeline.evidence import bundle
from road_clarity.pipeline.evidence.database import DATABASE
from road_clarity.pipeline.evidence.index import Index
from road_clarity.pipeline.evidence.store import Evidence

FIRST, SECOND = (f"000{i}-corridor-person" for i in (1, 2))


def names(folder):
    evidence = Evidence(folder)
    with evidence.reading() as index:
        found = [one.id for one in index.select()[0]]
    evidence.close()
    return found


def full(path, content):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.fault("evidence disk is full, or cannot be written")
@pytest.mark.parametrize("file", ["clip.mcap", "event.json", "manifest.json"])
def test_a_full_disk_costs_the_event_and_the_next_one_is_stored(tmp_path, monkeypatch, file):
    lost = []
    config = EventConfig(gap_s=0.1, after_s=0.0)
    recorder = EventRecorder(tmp_path, {}, config, lambda text, error: lost.append((text, error)))
    write = bundle.write_file

    def fills_up(path, content):
        (full if path.name == file else write)(path, content)

    monkeypatch.setattr(bundle, "write_file", fills_up)
    recorder.see(made_moment(0), "street")
    assert recorder.see(made_moment(10, "nominal"), "street") is None
    assert (recorder.lost, len(lost), lost[0][1].errno) == (1, 1, errno.ENOSPC)
    assert [one.name for one in tmp_path.iterdir() if one.name != ".lock"] == []
    monkeypatch.setattr(bundle, "write_file", write)
    recorder.see(made_moment(20), "street")
    assert recorder.see(made_moment(30, "nominal"), "street").id == FIRST
    assert names(tmp_path) == [FIRST]


QUOTA = """
import resource, signal, sys
from pathlib import Path
from made_moments import made_moment
from road_clarity.pipeline.events import EventConfig, EventRecorder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))  # no file may be longer [bytes]
recorder = EventRecorder(Path(sys.argv[1]), {}, EventConfig(gap_s=0.1, after_s=0.0))
for index in range(30):
    recorder.see(made_moment(index, "high" if index % 10 == 0 else "nominal"), "street")
recorder.close()
print(recorder.lost)
"""


@pytest.mark.fault("evidence disk is full, or cannot be written")
def test_the_kernels_own_limit_costs_every_event_and_the_drive_goes_on(tmp_path):
    folder = tmp_path / "evidence"
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", QUOTA, folder], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert [one.name for one in folder.iterdir() if one.name != ".lock"] == []


def test_a_folder_that_cannot_be_made_costs_the_event(tmp_path):
    (tmp_path / "evidence").write_text("a file is in the way")
    recorder = EventRecorder(tmp_path / "evidence", {})
    recorder.see(made_moment(0), "street")
    assert recorder.close() is None
    assert recorder.lost == 1


def test_somebody_who_holds_the_folder_costs_the_event_and_not_the_drive(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "LOCK_WAIT_S", 0.0)
    monkeypatch.setattr(bundle.locked.__wrapped__, "__defaults__", (0.0,))
    recorder = EventRecorder(tmp_path, {})
    recorder.see(made_moment(0), "street")
    with bundle.locked(tmp_path):
        assert recorder.close() is None
    assert recorder.lost == 1


def test_a_locked_index_costs_nothing(tmp_path, monkeypatch):
    folder = made_events(tmp_path / "evidence")
    assert names(folder) == [FIRST]
    monkeypatch.setattr("road_clarity.pipeline.evidence.database.BUSY_S", 0.0)
    holder = sqlite3.connect(folder / DATABASE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    made_events(folder)
    assert (folder / SECOND / "manifest.json").is_file()
    assert names(folder) == [FIRST]  # what it held before; nobody waits
    holder.execute("ROLLBACK")
    holder.close()
    assert sorted(names(folder)) == [FIRST, SECOND]


def test_an_index_that_cannot_be_written_is_made_in_memory(tmp_path, monkeypatch):
    folder = made_events(tmp_path / "evidence")
    (folder / DATABASE).unlink()
    (folder / DATABASE).mkdir()  # sqlite cannot open it, whoever asks
    index = Index(folder)
    index.sync()
    assert index.in_memory
    assert [one.id for one in index.select()[0]] == [FIRST]
    index.close()


def test_a_label_that_cannot_be_written_is_not_there_afterwards(tmp_path, monkeypatch):
    folder = made_events(tmp_path / "evidence")
    evidence = Evidence(folder)
    evidence.label(FIRST, "TRUE_RISK")

    def fails(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space left"):
        evidence.label(FIRST, "FALSE_ALARM")
    monkeypatch.undo()
    assert evidence.entry(FIRST).label == "TRUE_RISK"
    assert (folder / "labels.jsonl").read_text().count("\n") == 1
    evidence.close()
