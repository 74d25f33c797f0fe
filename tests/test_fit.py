"""The training loop: what it sees, keeps and says, however it is interrupted or divided."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from line_recipe import Line, LineConfig
from safetensors.torch import load_file

from road_clarity.models.errors import BadInput
from road_clarity.training.epochs import shuffled
from road_clarity.training.fit import fit
from road_clarity.training.mean_weights import blend
from road_clarity.training.schedules import cosine, poly, warm_up

# Python 3.12 on warns of forks where there are threads, which other tests may have left.
FORKS = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Stopped(Exception):
    """As if the machine had gone."""


class Interrupted(Line):
    """Stops in step 17, after the checkpoint of step 10."""

    def rate(self, step):
        if step == 17:
            raise Stopped
        return super().rate(step)


def config(**changes) -> LineConfig:
    return LineConfig(**{"steps": 30, "dropout": 0.5, "memory": 0.9, "clip": 1.0} | changes)


def log(out: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [{key: line[key] for key in line if key != "seconds"} for line in lines]


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    whole, resumed = Line(config()), Line(config())
    fit(whole, tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(Interrupted(config()), tmp_path / "parts")
    fit(resumed, tmp_path / "parts")
    assert log(tmp_path / "parts") == log(tmp_path / "whole")
    for one, other in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_was_logged_after_the_checkpoint_is_said_once(tmp_path):
    fit(Line(config(steps=20)), tmp_path)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 27, "loss": 1}\n{"step": 28, "lo')
    fit(Line(config()), tmp_path)
    assert [line["step"] for line in log(tmp_path)] == [10, 20, 30]


@FORKS
def test_worker_processes_make_the_same_samples(tmp_path):
    fit(Line(config()), tmp_path / "none")
    fit(Line(config(workers=2)), tmp_path / "two")
    assert log(tmp_path / "two") == log(tmp_path / "none")


@FORKS
@pytest.mark.parametrize("workers", [0, 1])
def test_a_sample_that_cannot_be_read_is_named(tmp_path, workers):
    with pytest.raises(BadInput, match=r"image seven.jpg: it cannot be read"):
        fit(Line(config(broken=50, workers=workers)), tmp_path)


def test_a_finished_run_is_only_loaded(tmp_path):
    done, again = Line(config()), Line(config(seed=0))
    first = fit(done, tmp_path)
    assert fit(again, tmp_path) == first
    assert torch.equal(done.network[0].weight, again.network[0].weight)


def test_the_best_weights_are_kept_and_published_once_each(tmp_path):
    recipe = Line(config(memory=0.0))
    progress = fit(recipe, tmp_path)
    best = max(log(tmp_path), key=lambda line: line["accuracy"])
    assert recipe.published[-1] == best["step"]
    assert progress.best == best["accuracy"]
    kept = Line(config())
    kept.network.load_state_dict(load_file(tmp_path / "best.safetensors"))
    with torch.no_grad():
        assert kept.score(kept.network.eval()) == {"accuracy": best["accuracy"]}


def test_a_run_with_other_settings_is_refused_and_left_alone(tmp_path):
    fit(Line(config(steps=10)), tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(BadInput, match="batch 4: the run in .* has 8"):
        fit(Line(config(batch=4)), tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_longer_run_goes_on_from_a_shorter(tmp_path):
    fit(Line(config(steps=10)), tmp_path)
    assert fit(Line(config(steps=20)), tmp_path).step == 20


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "checkpoint.pt").write_text("hello")
    with pytest.raises(BadInput, match="is no checkpoint of this program"):
        fit(Line(config()), tmp_path)


def test_a_training_that_falls_apart_stops_before_it_is_kept(tmp_path):
    with pytest.raises(BadInput, match="loss nan: training fell apart by step 10"):
        fit(Line(config(learning_rate=float("inf"))), tmp_path)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_mixed_precision_learns_nearly_the_same(tmp_path):
    fit(Line(config()), tmp_path / "fp32")
    fit(Line(config(precision="bf16")), tmp_path / "bf16")
    exact, rough = log(tmp_path / "fp32"), log(tmp_path / "bf16")
    assert rough[-1]["loss"] == pytest.approx(exact[-1]["loss"], rel=0.05)
    assert rough[-1]["loss"] != exact[-1]["loss"]


def test_two_processes_learn_what_one_does(tmp_path):
    """torchrun, gloo: each takes half of every batch; the seconds it takes are those of imports."""
    fit(Line(LineConfig(steps=20)), tmp_path / "one")
    script = Path(__file__).with_name("line_recipe.py")
    run = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    subprocess.run([*run, str(script), str(tmp_path / "two"), "20"], check=True, timeout=100)
    for two, one in zip(log(tmp_path / "two"), log(tmp_path / "one"), strict=True):
        assert two == pytest.approx(one, rel=1e-5)


def test_a_batch_in_parts_teaches_what_it_does_at_once(tmp_path):
    fit(Line(LineConfig(steps=20)), tmp_path / "once")
    fit(Line(LineConfig(steps=20, parts=4)), tmp_path / "parts")
    for parts, once in zip(log(tmp_path / "parts"), log(tmp_path / "once"), strict=True):
        assert parts == pytest.approx(once, rel=1e-5)


def test_a_batch_that_cannot_be_parted_evenly_is_refused(tmp_path):
    with pytest.raises(BadInput, match="batch 8: must be a multiple .* which is 3"):
        fit(Line(LineConfig(parts=3)), tmp_path)


def test_the_mean_of_the_weights_follows_them():
    mean, network = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    mean.weight.data.fill_(1.0)
    network.weight.data.fill_(2.0)
    blend(mean, network, memory=0.75)
    assert mean.weight.item() == 1.25


def test_published_courses_of_the_rate():
    assert [warm_up(step, 4) for step in (0, 1, 3, 9)] == [0.25, 0.5, 1.0, 1.0]
    assert poly(0, 60_000) == 1.0
    assert poly(30_000, 60_000) == pytest.approx(0.5358867)
    assert [cosine(step, 100, 0.1) for step in (0, 50, 100)] == pytest.approx([1.0, 0.55, 0.1])


def test_every_epoch_shows_every_sample_once():
    first, second = ([shuffled(e * 7 + i, 7, seed=3) for i in range(7)] for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
