"""Calibrations on disk: whole, unchanged, one of them active, and clips out of recorded frames."""

import json
import math

import pytest
from made_calibration import MODELS, STEP_NS, made_calibration, made_nominal_run, made_row

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.calibration_file import (
    Store,
    promise_for,
    read_calibration,
    write_calibration,
)
from road_clarity.pipeline.run_clips import clips_of_run, cut, made_with
from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.config import SafetyConfig

AT = "2026-01-01T00:00:00+00:00"


def test_a_calibration_comes_back_as_it_was_written(tmp_path):
    with_fault = Clip("blind", "rain", "f0", math.inf)
    calibration = made_calibration(0.1, clips=(*made_calibration().clips, with_fault))
    write_calibration(tmp_path / "one.json", calibration)
    assert read_calibration(tmp_path / "one.json") == calibration
    assert json.loads((tmp_path / "one.json").read_text())["id"] == calibration.id


@pytest.mark.claim("withdrawn")
def test_a_calibration_that_was_changed_by_hand_is_refused(tmp_path):
    path = tmp_path / "one.json"
    write_calibration(path, made_calibration())
    path.write_text(path.read_text().replace('"maximum": 0.38', '"maximum": 0.9'))
    with pytest.raises(BadInput, match="was changed"):
        read_calibration(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"id": "a", "clips": 3}', b"\xff\xfe", b"null"]
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path, content):
    path = tmp_path / "one.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="calibration file .* cannot be read"):
        read_calibration(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        read_calibration(tmp_path / "none.json")


def test_a_store_knows_which_is_active_and_which_was(tmp_path):
    store = Store(tmp_path / "calibrations")
    assert (store.ids(), store.active_id(), store.history()) == ([], None, [])
    first, second = made_calibration(), made_calibration(0.1)
    for one in (first, second):
        store.add(one)
    store.activate(first.id, AT, "by hand")
    store.activate(second.id, AT, "by hand")
    assert read_calibration(store.folder) == second
    assert [one.id for one in store.history()] == [first.id, second.id]
    assert {one.id for one in store.all()} == {first.id, second.id}


def test_a_store_without_an_active_one_says_how_to_get_there(tmp_path):
    Store(tmp_path).add(made_calibration())
    with pytest.raises(BadInput, match="calibrate activate ID"):
        read_calibration(tmp_path)


@pytest.mark.parametrize("id", ["../one", "", "0123", "history"])
def test_only_ids_of_the_store_can_be_activated(tmp_path, id):
    store = Store(tmp_path)
    store.add(made_calibration())
    with pytest.raises(BadInput, match="is not in"):
        store.activate(id, AT, "by hand")
    assert store.history() == []


def test_the_settings_name_the_calibration_and_its_weights_must_be_those_in_use(tmp_path):
    path = tmp_path / "one.json"
    write_calibration(path, made_calibration())
    config = SafetyConfig(calibration=str(path))
    assert promise_for(config, MODELS).see(0, 0.1).state == "holds"
    assert promise_for(config, {"vae_edge": "cd" * 32}).see(0, 0.1).state == "void"
    other = SafetyConfig(calibration=str(path), lost_weight=0.3)
    assert promise_for(other, MODELS).see(0, 0.1).state == "void"
    assert promise_for(SafetyConfig(), MODELS).see(0, 0.1).state == "none"


# Clips of recorded frames ------------------------------------------------------------------------


def test_the_clips_of_a_run_are_its_maxima(tmp_path):
    run = made_nominal_run(tmp_path / "monday", [0.1, 1.7, 0.3])
    found = clips_of_run(run, 2.0, "day")
    assert [clip.maximum for clip in found.clips] == [0.1, 1.7, 0.3]
    assert [clip.name for clip in found.clips][1] == "monday/street 1 2.0 s"
    assert {clip.condition for clip in found.clips} == {"day"}
    assert len({clip.sha256 for clip in found.clips}) == 3
    assert made_with(run)[0] == MODELS


def test_a_clip_with_a_fault_goes_beyond_all_and_a_short_rest_is_dropped():
    rows = [made_row(i * STEP_NS, 0.2) for i in range(12)]
    rows[3] = made_row(3 * STEP_NS, 1.0, "input.blank")
    found = cut(rows, "a", 2.0, "")
    assert ([clip.maximum for clip in found.clips], found.dropped) == ([math.inf], 1)


def test_a_clip_ends_where_the_stream_breaks():
    rows = [made_row(i * STEP_NS, 0.2) for i in range(10)]
    rows[6] = made_row(6 * STEP_NS, 1.0, "input.size_changed")
    found = cut(rows, "a", 2.0, "")
    assert ([clip.maximum for clip in found.clips], found.dropped) == ([0.2], 1)


def test_what_a_clip_shows_is_its_identity_not_what_was_made_of_it():
    calm = [made_row(i * STEP_NS, 0.0) for i in range(10)]
    other = [row | {"risk": row["risk"] | {"points": 0.5}} for row in calm]
    (one,), (same,) = (cut(rows, "a", 2.0, "").clips for rows in (calm, other))
    assert one.sha256 == same.sha256
    moved = [row | {"tracks": [{"id": 1}]} for row in calm]
    assert cut(moved, "a", 2.0, "").clips[0].sha256 != one.sha256


def test_frames_of_an_older_version_are_refused():
    row = made_row(0, 0.0)
    del row["risk"]["points"]
    with pytest.raises(BadInput, match="recorded without points; replay it again"):
        cut([row], "a", 2.0, "")


def test_a_run_that_is_not_finished_is_refused(tmp_path):
    run = made_nominal_run(tmp_path / "run", [0.1])
    (run / "summary.json").write_text("{}")
    with pytest.raises(BadInput, match="tells no models or parameters"):
        made_with(run)
    (run / "summary.json").unlink()
    with pytest.raises(BadInput, match="has no readable summary.json"):
        made_with(run)
    with pytest.raises(BadInput, match="holds no frames"):
        made_with(tmp_path)
