"""An event is explained from its own bundle, and it is said when other weights do it."""

import json
import shutil

import pytest
from made_run import made_run
from made_world import made_pair

from road_clarity.cli import main
from road_clarity.evaluation.stored_event import StoredEvent
from road_clarity.pipeline.world_account import WorldPair

FIRST = "0001-corridor-person"


@pytest.fixture(autouse=True)
def tiny_weights(monkeypatch):
    monkeypatch.setattr(WorldPair, "load", lambda name: made_pair())


@pytest.fixture
def bundle(tmp_path):
    """All that is left of a run."""
    event = made_run(tmp_path / "run") / "events" / FIRST
    kept = tmp_path / "archive" / FIRST
    shutil.copytree(event, kept)
    shutil.rmtree(tmp_path / "run")
    return kept


def test_the_bundle_alone_is_enough_and_gives_the_same_bytes_again(bundle, tmp_path, capsys):
    for name in "ab":
        assert main(["explain", str(bundle), "--save", str(tmp_path / name)]) == 0
    pages = [(tmp_path / name / "redrawn.png").read_bytes() for name in "ab"]
    assert pages[0] == pages[1]
    said = json.loads((tmp_path / "a" / "why.json").read_text())
    assert (said["frame"], said["stamp_ns"]) == (2, 1_200_000_000)
    assert said["redrawn"]["regions"][0]["label"].startswith("person 7")


def test_the_frames_that_led_to_the_peak_come_before_it(bundle):
    frames = list(StoredEvent.open(bundle).frames())
    assert [one.stamp_ns for one in frames] == [0, 600_000_000, 1_200_000_000]
    assert [one.index for one in frames] == [0, 1, 2]


def test_other_weights_are_said_so(bundle, capsys):
    main(["explain", str(bundle)])
    assert "OTHER WEIGHTS than those that judged it" in capsys.readouterr().out


def test_the_same_weights_are_said_so(bundle, monkeypatch):
    event = StoredEvent.open(bundle)
    monkeypatch.setattr(
        "road_clarity.evaluation.stored_event.read_card",
        lambda name: type("Card", (), {"sha256": "ab" * 32}),
    )
    said = event.weights_said(["vae_edge"])
    assert said["caption"] == "Explained with the weights that judged it."
    assert said["weights"][0] == {
        "name": "vae_edge", "recorded": "ab" * 32, "here": "ab" * 32, "same": True,
    }  # fmt: skip


def test_a_damaged_bundle_is_refused(bundle, capsys):
    picture = bundle / "frame.png"
    picture.write_bytes(picture.read_bytes()[:-4] + b"\0\0\0\0")
    assert main(["explain", str(bundle)]) == 2
    assert "is damaged: frame.png is not what was stored" in capsys.readouterr().err
