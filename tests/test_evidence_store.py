"""The index follows the folder; what people say of an event outlives the index."""

import sqlite3

import numpy as np
import pytest
from made_moments import SPACE, made_events

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence import labelled
from road_clarity.pipeline.evidence.database import DATABASE
from road_clarity.pipeline.evidence.index import Condition
from road_clarity.pipeline.evidence.retention import RetentionConfig
from road_clarity.pipeline.evidence.similar import nearest
from road_clarity.pipeline.evidence.store import Conflict, Evidence, Pinned, Reused, Unknown

FIRST, SECOND, THIRD = (f"000{i}-corridor-person" for i in (1, 2, 3))
DAY_NS = 86_400_000_000_000


@pytest.fixture
def folder(tmp_path):
    return made_events(tmp_path / "evidence", [(1.0, 0.0), (2.0, 1.0), (0.0, 3.0)])


@pytest.fixture
def evidence(folder):
    found = Evidence(folder, clock=lambda: 7)
    yield found
    found.close()


def names(evidence, *conditions):
    with evidence.reading() as index:
        return [one.id for one in index.select(conditions)[0]]


def test_the_index_holds_what_lies_in_the_folder(evidence):
    assert names(evidence) == [FIRST, SECOND, THIRD]
    found = evidence.entry(SECOND)
    assert (found.label, found.pinned, found.damage) == ("UNLABELLED", False, "")
    assert found.event.peak_index == 100


def test_an_index_that_is_gone_or_garbage_is_made_again(folder, evidence):
    evidence.label(FIRST, "FALSE_ALARM")
    evidence.close()
    for spoil in (lambda db: db.unlink(), lambda db: db.write_bytes(b"no database" * 100)):
        spoil(folder / DATABASE)
        again = Evidence(folder)
        assert names(again) == [FIRST, SECOND, THIRD]
        assert again.entry(FIRST).label == "FALSE_ALARM"
        again.close()


def test_an_index_of_another_version_is_made_again(folder, evidence):
    evidence.label(FIRST, "TRUE_RISK")
    evidence.close()
    with sqlite3.connect(folder / DATABASE) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    again = Evidence(folder)
    assert again.entry(FIRST).label == "TRUE_RISK"
    again.close()


def test_a_rebuilt_index_says_the_same(folder, evidence):
    evidence.label(FIRST, "TRUE_RISK", who="ada", note="she ran")
    evidence.pin(SECOND, True)
    before = [evidence.entry(name) for name in (FIRST, SECOND, THIRD)]
    assert evidence.rebuild() == 3
    again = [evidence.entry(name) for name in (FIRST, SECOND, THIRD)]
    assert [vars(one) for one in again] == [vars(one) for one in before]


def test_an_event_that_comes_goes_or_changes_is_noticed(folder, evidence, tmp_path):
    assert len(names(evidence)) == 3
    (folder / FIRST).rename(tmp_path / "away")
    assert names(evidence) == [SECOND, THIRD]
    (tmp_path / "away").rename(folder / FIRST)
    record = folder / SECOND / "event.json"
    record.write_text(record.read_text()[:40])
    assert names(evidence) == [FIRST, THIRD]
    assert "event.json is not what was stored" in evidence.entry(SECOND).damage


def test_the_last_label_counts_and_all_are_remembered(evidence):
    evidence.label(FIRST, "UNCERTAIN", who="ada")
    evidence.label(FIRST, "TRUE_RISK", who="bob", note="seen twice")
    assert evidence.entry(FIRST).label == "TRUE_RISK"
    said = [(one.who, one.value, one.note, one.when_ns) for one in evidence.history(FIRST)]
    assert said == [("ada", "UNCERTAIN", "", 7), ("bob", "TRUE_RISK", "seen twice", 7)]


def test_a_label_with_an_old_etag_is_refused(evidence):
    etag = evidence.entry(FIRST).etag
    evidence.label(FIRST, "TRUE_RISK", etag=etag)
    with pytest.raises(Conflict):
        evidence.label(FIRST, "FALSE_ALARM", etag=etag)
    assert evidence.entry(FIRST).label == "TRUE_RISK"


def test_the_same_request_twice_is_one_label(evidence):
    etag = evidence.entry(FIRST).etag
    first = evidence.label(FIRST, "TRUE_RISK", etag=etag, request_id="r1")
    again = evidence.label(FIRST, "TRUE_RISK", etag=etag, request_id="r1")
    assert first.etag == again.etag
    assert len(evidence.history(FIRST)) == 1
    with pytest.raises(Reused):
        evidence.label(FIRST, "FALSE_ALARM", request_id="r1")


def test_half_a_line_of_a_crash_is_cut_off_before_the_next_label(folder, evidence):
    evidence.label(FIRST, "TRUE_RISK")
    with (folder / "labels.jsonl").open("a") as file:
        file.write('{"kind":"label","event_id":"0001-cor')
    evidence.label(SECOND, "FALSE_ALARM")
    assert (evidence.entry(FIRST).label, evidence.entry(SECOND).label) == (
        "TRUE_RISK", "FALSE_ALARM",
    )  # fmt: skip
    assert (folder / "labels.jsonl").read_text().count("\n") == 2


def test_a_label_does_not_stick_to_another_event_of_the_same_name(folder, evidence, tmp_path):
    evidence.label(FIRST, "TRUE_RISK")
    (folder / FIRST).rename(tmp_path / "old")
    (made_events(tmp_path / "other", [(9.0, 9.0)]) / FIRST).rename(folder / FIRST)
    assert evidence.entry(FIRST).label == "UNLABELLED"


def test_an_unknown_event_or_label_is_refused(evidence):
    with pytest.raises(Unknown):
        evidence.label("0099-lane-lost", "TRUE_RISK")
    with pytest.raises(BadInput, match="label MAYBE: use one of TRUE_RISK"):
        evidence.label(FIRST, "MAYBE")


def test_the_clips_of_false_alarms_are_there_for_calibration(folder, evidence):
    evidence.label(FIRST, "FALSE_ALARM")
    evidence.label(THIRD, "false-alarm")
    assert labelled(folder, "FALSE_ALARM") == [
        folder / FIRST / "clip.mcap", folder / THIRD / "clip.mcap",
    ]  # fmt: skip
    assert labelled(folder, "TRUE_RISK") == []


def test_the_nearest_scenes_come_first(evidence):
    with evidence.reading() as index:
        space, place = index.embedding(FIRST)
    assert space == SPACE
    found, compared = evidence.similar(place, space, 5, but=FIRST)
    assert [one.id for one, _ in found] == [SECOND, THIRD]
    assert [distance for _, distance in found] == pytest.approx([1 - 2 / 5**0.5, 1.0])
    assert compared == 2


def test_scenes_that_other_weights_placed_are_not_compared(evidence):
    with evidence.reading() as index:
        _, place = index.embedding(FIRST)
    assert evidence.similar(place, "vae_edge@000000000000", 5) == ([], 0)


def test_a_pinned_event_is_not_deleted(folder, evidence):
    evidence.pin(FIRST, True)
    with pytest.raises(Pinned):
        evidence.delete(FIRST)
    evidence.pin(FIRST, False)
    evidence.delete(FIRST)
    assert names(evidence) == [SECOND, THIRD]
    assert not (folder / FIRST).exists()


def test_the_number_of_a_deleted_event_is_not_given_again(folder, evidence):
    evidence.delete(THIRD)
    made_events(folder)
    assert names(evidence)[-1] != THIRD
    assert sorted(names(evidence)) == [FIRST, SECOND, "0004-corridor-person"]


def sized(evidence):
    with evidence.reading() as index:
        return {one.id: one.bytes for one in index.select()[0]}


def test_the_oldest_go_first_when_there_is_too_much(evidence):
    sizes = sized(evidence)
    limit = RetentionConfig(most_gb=(sizes[THIRD] + 10) / 1e9, most_days=1e6)
    assert [one.id for one in evidence.prune(limit, dry_run=True)] == [FIRST, SECOND]
    assert names(evidence) == [FIRST, SECOND, THIRD]
    evidence.prune(limit)
    assert names(evidence) == [THIRD]


def test_what_is_pinned_or_was_a_true_risk_stays(evidence):
    evidence.pin(FIRST, True)
    evidence.label(SECOND, "TRUE_RISK")
    gone = evidence.prune(RetentionConfig(most_gb=0.0, most_days=0.0))
    assert [one.id for one in gone] == [THIRD]


def test_what_is_older_than_the_limit_goes(folder):
    with Evidence(folder).reading() as index:
        stored_ns = index.entry(FIRST).stored_ns
    later = Evidence(folder, clock=lambda: stored_ns + 31 * DAY_NS)
    assert later.prune(RetentionConfig(most_days=60.0), dry_run=True) == []
    assert len(later.prune(RetentionConfig(most_days=30.0), dry_run=True)) == 3
    later.close()


def test_conditions_never_become_sql(evidence):
    evil = "x'; DROP TABLE events; --"
    assert names(evidence, Condition("source = ?", (evil,))) == []
    assert len(names(evidence)) == 3


def test_a_scene_without_direction_has_nothing_in_common_with_any():
    matrix = np.array([[0.0, 0.0], [2.0, 0.0], [-1.0, 0.0]], np.float32)
    found = nearest(matrix, np.array([1.0, 0.0], np.float32), 3)
    assert found == [(1, 0.0), (0, 1.0), (2, 2.0)]
