"""Scenario criteria: what must hold is a file, and a file that says nonsense is refused."""

import json

import pytest
from made_drive import MadePipeline, write_video

from road_clarity.evaluation.criteria.criteria_file import criterion, read_criteria
from road_clarity.evaluation.criteria.facts import RunFacts, seen
from road_clarity.evaluation.criteria.verdicts import judged
from road_clarity.evaluation.replay import replay
from road_clarity.evaluation.replay_command import is_bad
from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.summary_text import summary_text
from road_clarity.models.errors import BadInput


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Twenty frames in two seconds; a person is in the way from 0.5 to 0.7 s."""
    folder = tmp_path_factory.mktemp("criteria")
    video = write_video(folder / "drive.mp4", frames=20, rate=10)
    summary = replay([open_source(video)], folder / "run", MadePipeline(high={5, 6, 7}))
    return folder / "run", summary


def judge(run, **said):
    """(passed, text)"""
    facts = RunFacts(*run).of(said.get("source", ""))
    found = criterion(said, "here").judge(facts)
    return found.passed, found.text


def test_a_level_that_is_too_bad_is_told_with_its_moment(run):
    assert judge(run, kind="max_level", level="elevated") == (
        False, "3 frames are, first high at 0.5 s; at most elevated is allowed",
    )  # fmt: skip
    assert judge(run, kind="max_level", level="high")[0]


@pytest.mark.parametrize(("window", "passed"), [
    ({"after_s": 0.4, "before_s": 0.9}, True),
    ({"after_s": 0.6, "before_s": 0.9}, True),  # it is still up
    ({"after_s": 0.8, "before_s": 1.5}, False),
    ({"after_s": 0.0, "before_s": 0.4}, False),
    ({"code": "corridor.person"}, True),
    ({"code": "lane.lost"}, False),
    ({"at_least": 2}, False),
    ({"at_least": 0, "at_most": 0}, False),
])  # fmt: skip
def test_an_event_is_asked_for_within_a_time(run, window, passed):
    assert judge(run, kind="event", **window)[0] is passed


def test_events_per_hour_count_by_the_length_of_the_recording(run):
    """One event in 1.9 s is 1895 an hour."""
    assert not judge(run, kind="events_per_hour", at_most=1894)[0]
    assert judge(run, kind="events_per_hour", at_most=1895)[0]
    assert judge(run, kind="events_per_hour", code="lane.lost")[0]


def test_the_latency_of_a_stage_is_bounded(run):
    """MadePipeline says 4 ms in all."""
    assert judge(run, kind="latency", at_most_ms=4)[0]
    assert not judge(run, kind="latency", at_most_ms=3.9)[0]
    assert judge(run, kind="latency", stage="brakes") == (False, "there is no stage brakes")


def test_both_lines_of_the_lane_are_counted(run):
    assert judge(run, kind="ego_lanes", at_least=1)[0]


def test_a_level_may_take_a_share_of_the_frames(run):
    assert judge(run, kind="level_share", level="high", at_most=0.15)[0]
    assert not judge(run, kind="level_share", level="high", at_most=0.14)[0]


def test_a_frame_that_only_warms_up_is_not_held_against_the_run():
    def row(*codes):
        reasons = [{"code": code, "share": 0.5} for code in codes]
        return {"stamp_ns": 0, "lanes": None, "latency_ms": {},
                "risk": {"level": "unknown", "reasons": reasons}}  # fmt: skip

    assert seen(row("watch.settling")).warming
    assert not seen(row("watch.settling", "input.blank")).warming
    assert not seen(row("input.blank")).warming


def test_a_criterion_may_be_about_one_recording(run):
    assert judge(run, kind="event", source="drive")[0]
    with pytest.raises(BadInput, match="it has drive"):
        judge(run, kind="event", source="tunnel")


def write(path, text):
    path.write_text(text)
    return path


def test_the_verdicts_are_in_summary_text_and_exit_code(run, tmp_path):
    file = write(
        tmp_path / "pass.yaml",
        """
criteria:
  - {kind: event, name: the person is seen, code: corridor.person, before_s: 1}
  - {kind: events_per_hour, source: tunnel}
""",
    )
    folder, summary = run
    summary = summary | {"criteria": judged(read_criteria(file), folder, summary)}
    assert [one["passed"] for one in summary["criteria"]["verdicts"]] == [True, False]
    text = summary_text(summary, folder)
    assert "NOT ALL HOLD" in text
    assert "pass  the person is seen: 1 events with corridor.person from 0 to 1 s: 0.5 s" in text
    assert "FAIL  events_per_hour: source of a criterion tunnel: is not in the run" in text
    assert is_bad(summary)
    assert not is_bad(run[1])
    assert json.dumps(summary)


def test_the_report_shows_the_verdicts(run, tmp_path):
    from road_clarity.evaluation.report import write_report
    from road_clarity.pipeline.run_folder import read_rows

    folder, summary = run
    file = write(tmp_path / "a.yaml", "criteria: [{kind: max_level, name: calm <all> the time}]")
    summary = summary | {"criteria": judged(read_criteria(file), folder, summary)}
    page = tmp_path / "report.html"
    write_report(page, summary, list(read_rows(folder)), folder / "events", [], MadePipeline())
    assert "Criteria: not all hold" in page.read_text()
    assert "calm &lt;all&gt; the time" in page.read_text()


@pytest.mark.parametrize(("text", "says"), [
    ("[", "is no YAML"),
    ("hello", "must hold `criteria:`"),
    ("criteria: []", "must hold `criteria:`"),
    ("criteria: [{level: high}]", "number 1: must have a kind: max_level"),
    ("criteria: [{kind: calm}]", "no kind calm; use max_level"),
    ("criteria: [{kind: [1]}]", "no kind"),
    ("criteria: [{kind: max_level, levle: high}]", "max_level has no levle; it has name"),
    ("criteria: [{kind: max_level, level: loud}]", "use one of nominal"),
    ("criteria: [{kind: max_level, level: 3}]", "level: must be a str, not 3"),
    ("criteria: [{kind: ego_lanes, at_least: 1.5}]", r"must be in \[0.0, 1.0\]"),
    ("criteria: [{kind: ego_lanes, at_least: .nan}]", "must be in"),
    ("criteria: [{kind: event, code: corridor.persom}]", "no reason has the code"),
    ("criteria: [{kind: event, after_s: 3, before_s: 2}]", "after_s 3 is not below"),
    ("criteria: [{kind: event, at_least: true}]", "must be a int, not True"),
    ("criteria: [{kind: max_level}]\nmore: 1", "and nothing else"),
])  # fmt: skip
def test_a_file_that_says_nonsense_is_refused(tmp_path, text, says):
    with pytest.raises(BadInput, match=says):
        read_criteria(write(tmp_path / "bad.yaml", text))


def test_the_example_in_the_repository_can_be_read():
    from road_clarity.pipeline.evidence.provenance import ROOT

    found = read_criteria(ROOT / "config" / "criteria.yaml")
    assert {one.kind for one in found.criteria} == {
        "max_level", "event", "events_per_hour", "latency", "ego_lanes", "level_share",
    }  # fmt: skip
