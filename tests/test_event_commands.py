"""`road-clarity events` and what it does with one of them."""

import hashlib

import pytest
from made_moments import SPACE, made_events
from made_run import serving

from road_clarity.cli import main
from road_clarity.evaluation.sources import open_source
from road_clarity.pipeline.evidence.retention import RetentionConfig

FIRST, SECOND = (f"000{i}-corridor-person" for i in (1, 2))


@pytest.fixture
def folder(tmp_path):
    return made_events(tmp_path / "evidence", [(1.0, 0.0), (0.0, 2.0)])


@pytest.fixture
def run(folder):
    """The command against a server on the folder."""
    with serving(folder) as channel:
        address = channel._channel.target().decode().rpartition("/")[2]
        yield lambda *words: main(["events", *words, "--address", address])


def test_a_label_shows_in_the_list(run, capsys):
    assert run("label", FIRST, "false-alarm", "--note", "a shadow") == 0
    assert capsys.readouterr().out.endswith("person 7 is in the way  [FALSE_ALARM]\n")
    assert run("--filter", "label = FALSE_ALARM") == 0
    assert capsys.readouterr().out.split()[0] == FIRST


def test_a_pin_keeps_an_event_until_it_is_taken_off(run, capsys):
    run("pin", FIRST)
    assert capsys.readouterr().out.endswith("[pinned]\n")
    assert run("delete", FIRST) == 2
    assert f"event {FIRST} is pinned; unpin it first" in capsys.readouterr().err
    run("pin", FIRST, "--off")
    assert run("delete", FIRST) == 0


def test_similar_events_come_with_their_distance(run, capsys):
    assert run("similar", FIRST) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == ["1.000", SECOND]
    assert last == f"nearest of 1 events, by {SPACE}"


def test_an_exported_clip_can_be_replayed(run, tmp_path, capsys):
    assert run("export", FIRST, "--to", str(tmp_path / "out")) == 0
    path = tmp_path / "out" / f"{FIRST}.mcap"
    assert capsys.readouterr().out == f"{path}\n"
    assert len(list(open_source(path).frames)) == 3


def test_without_a_server_labelled_clips_are_listed_and_the_index_is_made_again(
    run, folder, capsys
):
    run("label", SECOND, "FALSE_ALARM")
    capsys.readouterr()
    assert main(["events", "labelled", str(folder), "false-alarm"]) == 0
    assert capsys.readouterr().out == f"{folder / SECOND / 'clip.mcap'}\n"
    assert main(["events", "--rebuild", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}: 2 events\n"


def test_a_dry_run_says_what_would_go_and_deletes_nothing(folder, capsys):
    assert main(["events", "prune", str(folder), "--most-gb", "0", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 events would go, ")
    assert (folder / FIRST).is_dir()
    main(["events", "prune", str(folder), "--most-gb", "0"])
    assert not (folder / FIRST).exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("label", FIRST, "maybe"), "label maybe: use one of TRUE_RISK"),
        (("label", "0099-x", "true-risk"), "there is no event 0099-x"),
        (("similar", "7"), "give the id of an event or a picture file"),
        (("export", "0099-x"), "there is no event 0099-x"),
    ],
)
def test_a_refusal_is_one_sentence(run, capsys, words, sentence):
    assert run(*words) == 2
    assert sentence in capsys.readouterr().err


def test_the_limits_that_the_help_names_are_the_settings():
    limits = RetentionConfig()
    assert (limits.most_gb, limits.most_days) == (20.0, 180.0)


def test_a_bundle_arrives_whole(run, folder, tmp_path):
    run("export", FIRST, "--bundle", "--to", str(tmp_path))
    first = hashlib.sha256((tmp_path / f"{FIRST}.tar").read_bytes())
    run("export", FIRST, "--bundle", "--to", str(tmp_path))
    assert hashlib.sha256((tmp_path / f"{FIRST}.tar").read_bytes()).digest() == first.digest()
