"""A run says what it was judged with, so that it can be asked again with just that."""

import json

import pytest

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.provenance import parameters_of
from road_clarity.pipeline.presets import override, preset
from road_clarity.pipeline.run_folder import SUMMARY, write_json
from road_clarity.pipeline.run_settings import config_of, other_weights, settings_of

OURS = override(preset("edge"), ["safety.high=0.7", "tracks.max_targets=3"])


@pytest.fixture
def run(tmp_path):
    (tmp_path / "frames.jsonl").touch()
    return tmp_path


def told(run, **more):
    summary = {"models": {"vae_edge": {"sha256": "ab" * 32}}, "parameters": {}, "digest": "d"}
    write_json(run / SUMMARY, summary | more)


def test_settings_come_back_as_they_were(run):
    told(run, settings=parameters_of(OURS))
    found = settings_of(run)
    assert (found.config, found.models, found.digest) == (OURS, {"vae_edge": "ab" * 32}, "d")


def test_an_older_run_has_them_beside_its_events(run):
    told(run)
    event = run / "events" / "0001-corridor-person"
    event.mkdir(parents=True)
    (event / "provenance.json").write_text(json.dumps({"parameters": parameters_of(OURS)}))
    assert settings_of(run).config == OURS


def test_a_run_that_does_not_say_or_is_not_finished_is_refused(run):
    with pytest.raises(BadInput, match="has no readable summary"):
        settings_of(run)
    told(run)
    with pytest.raises(BadInput, match="says all its settings; replay it again"):
        settings_of(run)


@pytest.mark.parametrize("said", [{"safety": {"unheard": 1}}, {"unheard": {}}, {"safety": None}])
def test_settings_that_nobody_knows_any_more_are_refused(said):
    with pytest.raises(BadInput, match="settings are of another version"):
        config_of(said)


def test_a_setting_that_is_newer_than_the_run_has_its_default():
    assert config_of({"safety": {"high": 0.7}}) == override(preset("edge"), ["safety.high=0.7"])


def test_weights_are_compared_both_ways():
    assert other_weights({"a": "1" * 64, "b": "2"}, {"a": "1" * 64, "c": "3"}) == [
        "b was 2, is none", "c was none, is 3",
    ]  # fmt: skip
