"""`road-clarity calibrate`: made of run folders, tried out, activated, checked on other drives."""

import json

import pytest
from made_calibration import MAXIMA, made_nominal_run

from road_clarity.cli import main


@pytest.fixture
def nominal(tmp_path):
    return str(made_nominal_run(tmp_path / "nominal", MAXIMA))


def run(capsys, *arguments):
    code = main(["calibrate", *map(str, arguments)])
    told = capsys.readouterr()
    return code, told.out, told.err


def made(capsys, *arguments):
    code, out, err = run(capsys, *arguments, "--clip-seconds", "2", "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_nineteen_nominal_clips_promise_five_percent(nominal, tmp_path, capsys):
    report = made(capsys, nominal, "--out", tmp_path / "one.json")
    assert (report["clips"], report["threshold"], report["flagged"]) == (19, 0.380001, 0)
    assert report["before"] == {
        "calibration_id": None, "threshold": 0.3, "flagged": 5, "alarms_per_hour": 473.68,
    }  # fmt: skip
    assert json.loads((tmp_path / "one.json").read_text())["id"] == report["id"]


def test_a_dry_run_writes_nothing(nominal, tmp_path, capsys):
    made(capsys, nominal, "--store", tmp_path / "store", "--dry-run")
    assert not (tmp_path / "store").exists()


def test_a_store_is_filled_listed_and_one_of_it_activated(nominal, tmp_path, capsys):
    store = tmp_path / "store"
    first = made(capsys, nominal, "--store", store)
    second = made(capsys, nominal, "--store", store, "--alpha", "0.2")
    assert run(capsys, "history", "--store", store)[1] == "none yet\n"
    code, out, _ = run(capsys, "activate", first["id"], "--store", store, "--dry-run")
    assert code == 0
    assert "flags begin at 0.3: 5" in out
    assert run(capsys, "history", "--store", store)[1] == "none yet\n"
    run(capsys, "activate", first["id"], "--store", store)
    listed = run(capsys, "list", "--store", store)[1].splitlines()
    assert sorted(line.startswith("* ") for line in listed) == [False, True]
    assert f"* {first['id']}" in "".join(listed)
    code, out, _ = run(capsys, "activate", second["id"], "--store", store)
    assert f"now ({first['id']}) flags begin at 0.380001: 0" in out
    assert second["id"] in run(capsys, "history", "--store", store)[1]


def test_clips_of_another_condition_are_added_to_a_calibration(nominal, tmp_path, capsys):
    day, both = tmp_path / "day.json", tmp_path / "both.json"
    made(capsys, nominal, "--condition", "day", "--out", day)
    dusk = made_nominal_run(tmp_path / "dusk", [one + 1 for one in MAXIMA], shift=0.5)
    report = made(capsys, dusk, "--condition", "dusk", "--add-to", day, "--out", both)
    assert report["bins"]["day"]["threshold"] == 0.380001
    assert report["bins"]["dusk"]["threshold"] == 1.380001
    assert report["bins"]["all"]["clips"] == 38


def test_a_check_counts_the_flags_of_other_drives_and_says_whether_the_promise_holds(
    nominal, tmp_path, capsys
):
    made(capsys, nominal, "--out", tmp_path / "one.json")
    calm = made_nominal_run(tmp_path / "calm", [0.1, 0.39, 0.2, 0.3], shift=0.5)
    code, out, _ = run(capsys, "check", tmp_path / "one.json", calm)
    assert code == 0
    assert out.startswith("1 of 4 clips flagged (25.0%), promised at most 5.0%")
    wild = made_nominal_run(tmp_path / "wild", [0.9] * 40, shift=0.5)
    code, out, _ = run(capsys, "check", tmp_path / "one.json", wild, "--json")
    assert (code, json.loads(out)["state"]) == (1, "withdrawn")
    other = made_nominal_run(tmp_path / "other", [0.1], {"vae_edge": "cd" * 32})
    code, out, _ = run(capsys, "check", tmp_path / "one.json", other, "--json")
    assert (code, json.loads(out)["state"]) == (1, "void")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--alpha", "0.01"], "19 clips can promise 0.05 at the least"),
        (["--alpha", "nan"], "must be a share of clips"),
        (["--clip-seconds", "0"], "clip length"),
        (["--clip-seconds", "nan"], "clip length"),
        (["--clip-seconds", "600"], "clips 0"),
        (["--seeds", "5"], "must be A:B"),
        (["--out", "x.json", "--store", "y"], "give either --out FILE or --store FOLDER"),
        (["--add-to", "none.json"], "does not exist"),
        (["--sett", "1"], "No such option"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_in_a_sentence(nominal, capsys, arguments, sentence):
    dry = [] if "--store" in arguments else ["--dry-run"]
    code, _, err = run(capsys, nominal, "--clip-seconds", "2", *dry, *arguments)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1


def test_no_footage_the_same_footage_twice_and_mixed_runs_are_refused(nominal, tmp_path, capsys):
    options = ["--clip-seconds", "2", "--dry-run"]
    assert "source none" in run(capsys, *options)[2]
    assert "every clip counts once" in run(capsys, nominal, nominal, *options)[2]
    other = made_nominal_run(tmp_path / "other", [0.1], {"vae_edge": "cd" * 32})
    assert "judged with other weights" in run(capsys, nominal, other, *options)[2]


def test_a_calibration_of_other_clips_cannot_be_added_to(nominal, tmp_path, capsys):
    made(capsys, nominal, "--out", tmp_path / "one.json")
    other = made_nominal_run(tmp_path / "dusk", MAXIMA, shift=0.5)
    code, _, err = run(
        capsys, other, "--clip-seconds", "4", "--dry-run", "--add-to", tmp_path / "one.json",
        "--alpha", "0.1",
    )  # fmt: skip
    assert code == 2
    assert "clips are 4 s long, not 2 s" in err
