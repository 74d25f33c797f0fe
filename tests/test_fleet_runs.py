"""One run done by one worker, by two, by Ray actors, and after a kill: always the same run."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_drive import write_video

from road_clarity.cli import main
from road_clarity.evaluation.replay_command import each_of
from road_clarity.evaluation.units.config import WorkConfig
from road_clarity.evaluation.units.content_key import machine
from road_clarity.evaluation.units.fleet import units_folder
from road_clarity.evaluation.units.local_worker import LocalWorker
from road_clarity.evaluation.units.unit import Reading, Shard, Unit
from road_clarity.evaluation.units.unit_folder import finished
from road_clarity.evaluation.units.worker import Job, WorkerLost
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.presets import preset

RUN = ["--preset", "tiny", "--device", "cpu", "--shard", "0.5"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two recordings of 13 frames: five units, two of 3 frames."""
    folder = tmp_path_factory.mktemp("fleet")
    write_video(folder / "a.mp4", frames=13, rate=10)
    write_video(folder / "b.mp4", frames=8, rate=10)
    return folder


def run_replay(place, out, *options):
    return main([
        "replay", str(place / "a.mp4"), str(place / "b.mp4"), "--out", str(place / out), *RUN,
        *options,
    ])  # fmt: skip


def summary(place, out):
    return json.loads((place / out / "summary.json").read_text())


def is_finished(folder: Path) -> bool:
    return finished(folder, folder.name) is not None


@pytest.fixture(scope="module")
def killed(place):
    """A run whose driver was killed once the first unit was finished; its folder of units."""
    arguments = [str(place / name) for name in ("a.mp4", "b.mp4")]
    command = [sys.executable, "-m", "road_clarity", "replay", *arguments, *RUN]
    driver = subprocess.Popen(
        [*command, "--out", str(place / "run")],
        start_new_session=True,  # so that its workers are known by their session
        env=os.environ | {"OMP_NUM_THREADS": "2"},  # is not for the workers
    )
    units = place / ".run.units"
    try:
        while not (units.is_dir() and any(map(is_finished, units.iterdir()))):
            assert driver.poll() is None
            time.sleep(0.01)
    finally:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    assert not (place / "run").exists()
    wait_until_gone(driver.pid)
    return units


@pytest.fixture(scope="module")
def resumed(place, killed):
    """The same run again, with two workers: what it kept of the first, and its summary."""
    kept = sum(map(is_finished, killed.iterdir()))
    assert run_replay(place, "run", "--jobs", "2") == 0
    return kept, summary(place, "run")


def wait_until_gone(session):
    """Workers end by themselves once their driver is gone."""
    until = time.monotonic() + 30.0
    while any(session_of(one) == session for one in Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < until, "a worker outlives its driver"
        time.sleep(0.05)


def session_of(process: Path) -> int | None:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return None
    return None if fields[0] == "Z" else int(fields[3])


@pytest.mark.timeout(400)
@pytest.mark.claim("whole")
def test_a_run_that_was_killed_goes_on_where_it_was(resumed, killed):
    kept, told = resumed
    assert 1 <= kept < 5
    assert told["work"]["reused"] == kept
    assert (told["frames"], len(told["units"])) == (21, 5)
    assert not killed.exists()  # the units went with the run that is complete


@pytest.mark.timeout(400)
@pytest.mark.claim("same")
def test_ray_gives_the_same_run_as_processes(place, resumed):
    pytest.importorskip("ray")
    assert run_replay(place, "ray", "--jobs", "2", "--executor", "ray") == 0
    assert summary(place, "ray")["digest"] == resumed[1]["digest"]
    same_evidence(place / "ray", place / "run")


@pytest.mark.timeout(400)
@pytest.mark.claim("same")
def test_one_worker_gives_the_same_run_as_two_and_a_cache_is_used_again(place, resumed, capsys):
    cache = ["--cache", str(place / "cache")]
    assert run_replay(place, "one", *cache) == 0
    assert summary(place, "one")["digest"] == resumed[1]["digest"]
    same_evidence(place / "one", place / "run")
    assert run_replay(place, "again", *cache) == 0
    assert summary(place, "again")["work"]["reused"] == 5
    assert summary(place, "again")["digest"] == resumed[1]["digest"]
    assert run_replay(place, "each", *cache, "--each") == 0
    frames = [summary(place / "each", name)["frames"] for name in "ab"]
    assert frames == [13, 8]
    damaged = write_video(place / "c.mp4", frames=9, rate=10)
    spoil(damaged)
    capsys.readouterr()
    code = main([
        "replay", str(place / "a.mp4"), str(damaged), "--out", str(place / "part"), *RUN, *cache,
    ])  # fmt: skip
    failed = summary(place, "part")["work"]["failed"]
    assert code == 1
    assert summary(place, "part")["frames"] >= 13
    assert {one["attempts"] for one in failed} == {1}
    assert all("c.mp4" in one["unit"] and "breaks off" in one["error"] for one in failed)
    assert "FAILED" in capsys.readouterr().out
    assert "What is missing" in (place / "part" / "report.html").read_text()


def spoil(video):
    """Noise in place of the second half of the coded pictures: whole by its boxes, unreadable."""
    content = bytearray(video.read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    noise = np.random.default_rng(0).integers(0, 256, (end - start) // 2, np.uint8)
    content[end - len(noise) : end] = noise.tobytes()
    video.write_bytes(content)


def same_evidence(run, other):
    assert (run / "run.mcap").read_bytes() == (other / "run.mcap").read_bytes()
    events = [sorted(one.glob("events/[0-9]*/*")) for one in (run, other)]
    assert [one.relative_to(run) for one in events[0]] == [
        one.relative_to(other) for one in events[1]
    ]
    for ours, theirs in zip(*events, strict=True):
        assert ours.read_bytes() == theirs.read_bytes(), ours


def job(folder, **work):
    made = WorkConfig(**work)
    here = machine("cpu", made.threads)
    return Job(config=preset("tiny"), device="cpu", work=made, units=folder, machine=here)


@pytest.mark.timeout(400)
def test_a_worker_that_is_killed_or_silent_is_lost(tmp_path):
    one = Unit(recording=0, source="a", path=write_video(tmp_path / "a.mp4"), shard=Shard(),
               reading=Reading(), key="k")  # fmt: skip
    worker = LocalWorker(job(tmp_path))
    worker._patience_s = 1e-6
    with pytest.raises(WorkerLost, match="finished no frame in 1e-06 s"):
        worker.run(one, lambda: None)
    worker._patience_s = 60.0
    os.kill(worker._process.pid, signal.SIGKILL)
    with pytest.raises(WorkerLost, match="ended with -9"):
        while True:
            worker.run(one, lambda: None)
    worker.close()


@pytest.mark.timeout(400)
def test_a_worker_whose_last_bits_could_differ_is_refused(tmp_path):
    told = job(tmp_path)
    elsewhere = replace(told, machine=told.machine | {"instructions": "AVX2"})
    with pytest.raises(BadInput, match=r"differ from where the run was started \(instructions\)"):
        LocalWorker(elsewhere)


def test_recordings_of_one_name_get_runs_of_their_own(tmp_path):
    paths = [tmp_path / name for name in ("x/a.mp4", "y/a.mp4", "b.mp4")]
    runs = each_of(paths, tmp_path)
    assert [one.name for one in runs] == ["a", "a-2", "b"]
    assert list(runs.values()) == [[one] for one in paths]


@pytest.mark.parametrize(("option", "says"), [
    (["--jobs", "0"], "--jobs"),
    (["--executor", "cloud"], "use one of local, ray"),
    (["--shard", "-1"], "--shard"),
    (["--criteria", "nowhere.yaml"], "does not exist"),
    (["--executor", "ray", "--address", "127.0.0.1:1"], "cannot be reached"),
    (["--patience", "0"], "--patience"),
])  # fmt: skip
def test_bad_orders_are_refused_before_any_work(tmp_path, capsys, option, says):
    write_video(tmp_path / "a.mp4")
    code = main(["replay", str(tmp_path / "a.mp4"), "--out", str(tmp_path / "out"), *option])
    assert code == 2
    assert says in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]


def test_two_runs_at_once_do_not_share_their_units(tmp_path):
    with (
        units_folder(tmp_path / "run", None) as folder,
        pytest.raises(BadInput, match="another run"),
        units_folder(tmp_path / "run", None),
    ):
        pytest.fail(f"two runs at work in {folder}")


def test_without_a_finished_unit_nothing_stays(tmp_path):
    with pytest.raises(KeyboardInterrupt), units_folder(tmp_path / "run", None):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
