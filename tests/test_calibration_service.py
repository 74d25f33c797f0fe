"""Calibrations over gRPC: made of the runs at hand, kept, activated, and held against a drive."""

import math
import random
import threading

import grpc
import pytest
from made_calibration import MAXIMA, made_calibration, made_nominal_run
from made_run import fields_at_fault, made_run, reason_of, serving
from made_week import label, made_week
from test_hostile_requests import FLOATS, NUMBERS, path

from road_clarity.pipeline.calibration_file import Store
from road_clarity.safety.clip_calibration import Clip
from road_clarity.service.gen import calibration_service_pb2 as pb
from road_clarity.service.gen import scene_pb2
from road_clarity.service.gen.calibration_service_pb2_grpc import CalibrationServiceStub

HOLDS, WITHDRAWN, VOID = (
    scene_pb2.PROMISE_STATE_HOLDS, scene_pb2.PROMISE_STATE_WITHDRAWN, scene_pb2.PROMISE_STATE_VOID,
)  # fmt: skip


@pytest.fixture
def drives(tmp_path):
    """The served run has nineteen calm clips; beside it lie others and nothing that is active."""
    made_nominal_run(tmp_path / "tuesday", [0.1, 0.39, 0.2], shift=0.25)
    made_nominal_run(tmp_path / "wild", [0.9] * 40, shift=0.5)
    made_nominal_run(tmp_path / "other", [0.1], {"vae_edge": "cd" * 32})
    return made_nominal_run(tmp_path / "monday", MAXIMA)


@pytest.fixture
def stub(drives):
    with serving(drives) as channel:
        yield CalibrationServiceStub(channel)


def refusal(call, request, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, **options)
    return caught.value


def calibrated(stub, alpha=0.05, **request):
    return stub.Calibrate(pb.CalibrateRequest(alpha=alpha, clip_s=2.0, **request))


def test_the_served_run_becomes_a_calibration_that_is_kept_but_not_active(stub, drives):
    answer = calibrated(stub)
    made = answer.calibration
    assert (made.clip_count, made.threshold, made.active) == (19, 0.380001, False)
    assert (answer.flagged, answer.flagged_before, answer.threshold_before) == (0, 5, 0.3)
    assert [(one.name, one.sha256) for one in made.models] == [("vae_edge", "ab" * 32)]
    kept = stub.GetCalibration(pb.GetCalibrationRequest(id=made.id))
    assert [clip.maximum for clip in kept.clips] == MAXIMA
    assert (drives.parent / "calibrations" / f"{made.id}.json").is_file()


def test_a_dry_run_keeps_nothing(stub, drives):
    calibrated(stub, dry_run=True)
    assert not (drives.parent / "calibrations").exists()


def test_several_runs_make_one_calibration(stub):
    made = calibrated(stub, runs=["monday", "tuesday"], condition="day").calibration
    assert (made.clip_count, list(made.conditions)) == (22, ["day"])


def test_one_is_activated_and_a_dry_run_only_tells(stub):
    first, second = (calibrated(stub, alpha=alpha).calibration.id for alpha in (0.05, 0.2))
    asked = pb.ActivateCalibrationRequest
    stub.ActivateCalibration(asked(id=first))
    told = stub.ActivateCalibration(asked(id=second, dry_run=True))
    assert (told.previous_id, told.calibration.active) == (first, False)
    assert stub.GetCalibration(pb.GetCalibrationRequest()).id == first
    assert stub.ActivateCalibration(asked(id=second)).calibration.active
    assert stub.GetCalibration(pb.GetCalibrationRequest()).id == second


def test_pages_list_the_oldest_first_without_clips(stub, drives):
    store = Store(drives.parent / "calibrations")
    for year in (2028, 2026, 2027):
        alpha = 0.05 + (year - 2026) / 100
        store.add(made_calibration(alpha, created_at=f"{year}-01-01T00:00:00+00:00"))
    first = stub.ListCalibrations(pb.ListCalibrationsRequest(page_size=2))
    token = first.next_page_token
    second = stub.ListCalibrations(pb.ListCalibrationsRequest(page_size=2, page_token=token))
    pages = [*first.calibrations, *second.calibrations]
    assert [one.created_at[:4] for one in pages] == ["2026", "2027", "2028"]
    assert (first.total_size, second.next_page_token) == (3, "")
    assert not any(one.clips for one in pages)


def test_a_clip_with_a_fault_is_infinitely_high(stub, drives):
    clips = (*made_calibration().clips, Clip("blind", "", "f0", math.inf))
    made = made_calibration(0.1, clips=clips)
    Store(drives.parent / "calibrations").add(made)
    answer = stub.GetCalibration(pb.GetCalibrationRequest(id=made.id))
    assert answer.clips[-1].maximum == math.inf


@pytest.mark.parametrize(
    ("run", "state", "clips", "flagged"),
    [("tuesday", HOLDS, 3, 1), ("wild", WITHDRAWN, 40, 40), ("other", VOID, 1, 0)],
)
def test_a_drive_is_held_against_the_calibration(stub, run, state, clips, flagged):
    id = calibrated(stub).calibration.id
    drift = stub.CheckDrift(pb.CheckDriftRequest(id=id, run=run))
    assert (drift.state, drift.clips, drift.flagged, drift.limit) == (state, clips, flagged, 100.0)
    assert (drift.value >= 100.0) == (state == WITHDRAWN)
    assert bool(drift.text) == (state != HOLDS)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": math.nan}, "alpha"),
        ({"alpha": 1.0}, "alpha"),
        ({"clip_s": 0.0}, "clip_s"),
        ({"clip_s": math.inf}, "clip_s"),
        ({"clip_s": math.nan}, "clip_s"),
        ({"runs": [".."]}, "runs"),
        ({"runs": ["../monday"]}, "runs"),
        ({"runs": ["monday", "monday"]}, "runs"),
        ({"runs": [f"r{i}" for i in range(101)]}, "runs"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(stub, request_, field):
    request = pb.CalibrateRequest(**{"alpha": 0.05, "clip_s": 2.0} | request_)
    error = refusal(stub.Calibrate, request)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(error) == [field]


def test_what_is_not_there_is_not_found(stub):
    error = refusal(stub.Calibrate, pb.CalibrateRequest(alpha=0.5, clip_s=2.0, runs=["friday"]))
    assert (error.code(), reason_of(error)[0]) == (grpc.StatusCode.NOT_FOUND, "RUN_UNKNOWN")
    for call, request in (
        (stub.GetCalibration, pb.GetCalibrationRequest(id="../x")),
        (stub.ActivateCalibration, pb.ActivateCalibrationRequest(id="0123")),
        (stub.CheckDrift, pb.CheckDriftRequest(id="0123")),
    ):
        error = refusal(call, request)
        assert reason_of(error)[0] == "CALIBRATION_UNKNOWN"


def test_too_few_clips_and_runs_of_other_weights_are_no_calibration(stub):
    error = refusal(stub.Calibrate, pb.CalibrateRequest(alpha=0.01, clip_s=2.0))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "19 clips can promise 0.05 at the least" in error.details()
    mixed = pb.CalibrateRequest(alpha=0.5, clip_s=2.0, runs=["monday", "other"])
    assert "made with other weights" in refusal(stub.Calibrate, mixed).details()


def test_without_an_active_calibration_there_is_none_to_give(stub):
    error = refusal(stub.GetCalibration, pb.GetCalibrationRequest())
    assert reason_of(error)[0] == "NO_CALIBRATION"
    assert fields_at_fault(refusal(stub.ActivateCalibration, pb.ActivateCalibrationRequest())) == [
        "id"
    ]


def test_a_damaged_calibration_is_data_loss_and_listed_as_unreadable(stub, drives):
    id = calibrated(stub).calibration.id
    file = drives.parent / "calibrations" / f"{id}.json"
    file.write_text(file.read_text().replace("0.38", "0.39"))
    error = refusal(stub.GetCalibration, pb.GetCalibrationRequest(id=id))
    assert error.code() is grpc.StatusCode.DATA_LOSS
    assert list(stub.ListCalibrations(pb.ListCalibrationsRequest()).unreadable_ids) == [id]


def test_a_run_that_is_too_long_for_the_deadline_is_late(stub, monkeypatch):
    from road_clarity.service import calibration_service

    monkeypatch.setattr(calibration_service, "left_s", lambda context: -1.0)
    error = refusal(stub.Calibrate, pb.CalibrateRequest(alpha=0.05, clip_s=2.0))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason_of(error)[0] == "DEADLINE"


def test_a_second_calibration_at_the_same_time_is_told_when_to_come_back(stub, monkeypatch):
    from road_clarity.service import calibration_service

    begun, go, judged = threading.Event(), threading.Event(), calibration_service.judged

    def slow(*arguments):
        begun.set()
        go.wait(10.0)
        return judged(*arguments)

    monkeypatch.setattr(calibration_service, "judged", slow)
    first = stub.Calibrate.future(pb.CalibrateRequest(alpha=0.05, clip_s=2.0))
    begun.wait(10.0)
    error = refusal(stub.Calibrate, pb.CalibrateRequest(alpha=0.05, clip_s=2.0))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    go.set()
    assert first.result(10.0).calibration.clip_count == 19


def test_a_run_of_another_version_says_to_replay_it_again(tmp_path):
    run = made_run(tmp_path / "run")
    with serving(run) as channel:
        stub = CalibrationServiceStub(channel)
        error = refusal(stub.Calibrate, pb.CalibrateRequest(alpha=0.5, clip_s=2.0))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "replay it again" in error.details()


@pytest.mark.claim("refused")
def test_chance_requests_are_answered_or_refused_by_a_promised_status(stub):
    chance, statuses = random.Random(1), set()
    calibrated(stub)
    for _ in range(100):
        request = pb.CalibrateRequest(
            runs=[path(chance)], alpha=chance.choice(FLOATS), clip_s=chance.choice(FLOATS),
            reviewed=chance.random() < 0.5, uncertain=chance.choice([0, 1, 4, 77]),
        )  # fmt: skip
        calls = (
            (stub.GetCalibration, pb.GetCalibrationRequest(id=path(chance))),
            (stub.Calibrate, request),
            (stub.ActivateCalibration, pb.ActivateCalibrationRequest(id=path(chance))),
            (stub.CheckDrift, pb.CheckDriftRequest(id=path(chance), run=path(chance))),
            (
                stub.ListCalibrations,
                pb.ListCalibrationsRequest(
                    page_size=chance.choice(NUMBERS), page_token=path(chance)
                ),
            ),
        )
        call, sent = chance.choice(calls)
        try:
            call(sent)
        except grpc.RpcError as error:
            statuses.add(error.code().name)
    assert statuses <= {"INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"}


def test_a_drive_with_a_true_risk_is_not_taken_for_nominal_and_checked_without_it(stub, drives):
    week = made_week(drives.parent / "week")
    label(week, a="TRUE_RISK", b="FALSE_ALARM", c="TRUE_RISK")
    request = pb.CalibrateRequest(alpha=0.1, clip_s=2.0, runs=["week"])
    error = refusal(stub.Calibrate, request)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details().startswith("run folder week: has events labelled 2 TRUE_RISK")
    stub.ActivateCalibration(pb.ActivateCalibrationRequest(id=calibrated(stub).calibration.id))
    checked = stub.CheckDrift(pb.CheckDriftRequest(run="week"))
    assert (checked.clips, checked.flagged) == (20, 1)
