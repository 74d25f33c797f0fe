"""Labels feed recalibration: true risks are left out, false alarms count, open questions wait."""

import json

import pytest
from made_calibration import made_nominal_run
from made_week import FIRST, SECOND, THIRD, label, made_week

from road_clarity.cli import main
from road_clarity.pipeline.evidence.store import Evidence
from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.clip_cutter import Span
from road_clarity.safety.review import Sifted, Verdict, sift


@pytest.fixture
def week(tmp_path):
    return made_week(tmp_path / "week")


def run(capsys, *arguments):
    code = main(["calibrate", *map(str, arguments)])
    told = capsys.readouterr()
    return code, told.out, told.err


def made(capsys, *arguments):
    code, out, err = run(capsys, *arguments, "--reviewed", "--clip-seconds", "2", "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_clip_is_as_bad_as_the_worst_event_in_it():
    clips = [Clip(str(i), "", str(i), 0.5) for i in range(4)]
    spans = [Span(10 * i, 10 * i + 9, 0.5) for i in range(4)]
    verdicts = [
        Verdict(5, 12, True), Verdict(11, 11, False), Verdict(18, 18, None), Verdict(20, 29, None),
    ]  # fmt: skip
    assert sift(clips, spans, verdicts) == Sifted(
        nominal=(clips[0], clips[3]), risky=(clips[1],), pending=(clips[2],)
    )


def test_true_risks_are_left_out_and_false_alarms_count(week, tmp_path, capsys):
    label(week, a="TRUE_RISK", b="FALSE_ALARM", c="TRUE_RISK")
    report = made(capsys, week, "--out", tmp_path / "one.json", "--alpha", "0.1")
    # 20 clips: two may be flagged, the false alarm of 2.5 and the calm clip of 0.38.
    assert (report["clips"], report["threshold"]) == (20, 0.380001)
    assert (report["flagged"], report["promised_per_hour"]) == (1, 180.0)
    (review,) = report["reviews"]
    assert (review["run"], review["left_out"]) == (str(week), 2)
    assert review["labels"] == {"TRUE_RISK": 2, "FALSE_ALARM": 1}
    assert json.loads((tmp_path / "one.json").read_text())["reviews"][0]["labels"] == {
        FIRST: "TRUE_RISK", SECOND: "FALSE_ALARM", THIRD: "TRUE_RISK",
    }  # fmt: skip
    labels = report["labels"]
    assert labels["events"] == {
        "TRUE_RISK": 2, "FALSE_ALARM": 1, "UNCERTAIN": 0, "UNLABELLED": 0,
    }  # fmt: skip
    assert (labels["left_out"], labels["left_out_flagged"]) == (2, 2)
    assert labels["threshold_without_labels"] == 2.500001  # three clips of 22 beyond 0.38
    assert labels["pending"]["events"] == []


def test_without_the_false_alarms_the_promise_would_be_too_optimistic(week, tmp_path, capsys):
    label(week, a="FALSE_ALARM", b="FALSE_ALARM", c="FALSE_ALARM")
    report = made(capsys, week, "--alpha", "0.1", "--dry-run")
    assert (report["clips"], report["threshold"]) == (22, 2.500001)


def test_events_without_a_label_are_refused_and_counted(week, tmp_path, capsys):
    label(week, a="TRUE_RISK")
    options = [week, "--reviewed", "--clip-seconds", "2", "--alpha", "0.1"]
    code, _, err = run(capsys, *options, "--out", tmp_path / "x.json")
    assert code == 2
    assert "labels 2 of 3 events: still wait for a label" in err.replace(" =", "")
    assert f"week/{SECOND}, week/{THIRD}" in err
    assert not (tmp_path / "x.json").exists()


def test_a_dry_run_says_between_what_the_missing_labels_could_move_the_threshold(week, capsys):
    label(week, a="TRUE_RISK")
    report = made(capsys, week, "--alpha", "0.1", "--dry-run")
    waiting = report["labels"]["pending"]
    assert waiting == {
        "events": [f"week/{SECOND}", f"week/{THIRD}"], "clips": 2,
        "threshold_if_true_risks": 0.360001, "threshold_if_false_alarms": 2.500001,
    }  # fmt: skip
    options = [week, "--reviewed", "--clip-seconds", "2", "--alpha", "0.1", "--dry-run"]
    out = run(capsys, *options)[1]
    assert "labels: 1 TRUE_RISK, 2 UNLABELLED" in out
    assert "2 events still wait for a label (2 clips, counted as nominal here)" in out
    assert "were true risks, flags would begin at 0.360001" in out


@pytest.mark.parametrize(("counts_as", "clips"), [("true-risk", 20), ("false-alarm", 22)])
def test_what_nobody_could_tell_counts_as_it_is_said(week, tmp_path, capsys, counts_as, clips):
    label(week, a="UNCERTAIN", b="FALSE_ALARM", c="UNCERTAIN")
    options = [week, "--alpha", "0.1", "--out", tmp_path / "one.json"]
    assert "labels" in run(capsys, *options, "--reviewed", "--clip-seconds", "2")[2]
    assert made(capsys, *options, "--uncertain", counts_as)["clips"] == clips


def test_a_run_with_a_true_risk_is_not_taken_for_nominal(week, capsys):
    label(week, a="TRUE_RISK")
    code, _, err = run(capsys, week, "--clip-seconds", "2", "--alpha", "0.1", "--dry-run")
    assert code == 2
    assert "has events labelled 1 TRUE_RISK, so it is not all nominal" in err


def test_a_deleted_event_keeps_the_label_it_had(week, tmp_path, capsys):
    label(week, a="TRUE_RISK", b="FALSE_ALARM", c="FALSE_ALARM")
    evidence = Evidence(week)
    evidence.delete(SECOND)
    evidence.close()
    report = made(capsys, week, "--alpha", "0.1", "--dry-run")
    assert report["labels"]["events"]["FALSE_ALARM"] == 2
    assert report["clips"] == 21


def test_a_label_that_changes_later_shows_in_check_and_history(week, tmp_path, capsys):
    label(week, a="TRUE_RISK", b="FALSE_ALARM", c="TRUE_RISK")
    store = tmp_path / "store"
    report = made(capsys, week, "--alpha", "0.1", "--store", store)
    run(capsys, "activate", report["id"], "--store", store)
    calm = made_nominal_run(tmp_path / "calm", [0.1, 0.2, 0.3], shift=0.5)
    code, out, _ = run(capsys, "check", store, calm)
    assert (code, "changed" in out) == (0, False)
    label(week, a="FALSE_ALARM")
    change = f"labels of week have changed since: {FIRST} was TRUE_RISK, is FALSE_ALARM"
    code, out, _ = run(capsys, "check", store, calm)
    assert (code, out.splitlines()[-1]) == (1, change)
    assert f"  {change}\n" in run(capsys, "history", "--store", store)[1]
    week.rename(tmp_path / "elsewhere")
    code, out, _ = run(capsys, "check", store, calm)
    assert code == 1 and "cannot be compared" in out


def test_a_check_of_a_labelled_run_leaves_its_true_risks_out(week, tmp_path, capsys):
    label(week, a="TRUE_RISK", b="FALSE_ALARM", c="TRUE_RISK")
    made(capsys, week, "--alpha", "0.1", "--out", tmp_path / "one.json")
    out = run(capsys, "check", tmp_path / "one.json", week)[1]
    assert out.startswith("1 of 20 clips flagged")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--uncertain", "true-risk"], "give --reviewed as well"),
        (["--reviewed", "--uncertain", "maybe"], "use one of TRUE_RISK"),
        (["--reviewed", "--uncertain", "unlabelled"], "use true-risk or false-alarm"),
        (["--reviewed", "--seeds", "1:3"], "simulated streets have no labels"),
        (["--reviewed", "drive.mp4"], "has no labels: --reviewed takes run folders"),
    ],
)
def test_what_labels_cannot_decide_is_refused_in_a_sentence(week, capsys, arguments, sentence):
    code, _, err = run(capsys, week, "--clip-seconds", "2", "--dry-run", *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert sentence in err


def test_the_id_follows_from_the_labels_and_not_from_where_the_run_lay(week, tmp_path, capsys):
    label(week, a="FALSE_ALARM", b="FALSE_ALARM", c="FALSE_ALARM")
    options = ["--alpha", "0.1", "--out", tmp_path / "one.json"]
    first = made(capsys, week, *options)["id"]
    (tmp_path / "deep").mkdir()
    moved = week.rename(tmp_path / "deep" / "week")
    assert made(capsys, moved, *options)["id"] == first
    plain = run(capsys, moved, *options, "--clip-seconds", "2", "--json")[1]
    assert json.loads(plain)["id"] != first
