"""Labels feed recalibration over gRPC as on the command line: the same clips, the same id."""

import json

import grpc
import pytest
from made_calibration import MAXIMA, made_nominal_run
from made_run import fields_at_fault, reason_of, running, serving
from made_week import FIRST, SECOND, THIRD, label, made_week

from road_clarity.cli import main
from road_clarity.service.access import LABELLER
from road_clarity.service.gen import calibration_service_pb2 as pb
from road_clarity.service.gen import event_service_pb2 as events
from road_clarity.service.gen.calibration_service_pb2_grpc import CalibrationServiceStub
from road_clarity.service.server import Rules

TRUE_RISK, FALSE_ALARM, UNCERTAIN, UNLABELLED = (
    events.EVENT_LABEL_TRUE_RISK, events.EVENT_LABEL_FALSE_ALARM, events.EVENT_LABEL_UNCERTAIN,
    events.EVENT_LABEL_UNLABELLED,
)  # fmt: skip


@pytest.fixture
def week(tmp_path):
    """Beside the run that is served."""
    made_nominal_run(tmp_path / "monday", MAXIMA, shift=0.5)
    return made_week(tmp_path / "week")


@pytest.fixture
def stub(week):
    with serving(week.parent / "monday") as channel:
        yield CalibrationServiceStub(channel)


def asked(**request):
    fields = {"alpha": 0.1, "clip_s": 2.0, "runs": ["week"], "reviewed": True}
    return pb.CalibrateRequest(**fields | request)


def refusal(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return caught.value


def counted(labels):
    return [(one.label, one.events) for one in labels]


def test_true_risks_are_left_out_and_false_alarms_count(stub, week):
    label(week, a="TRUE_RISK", b="FALSE_ALARM", c="TRUE_RISK")
    answer = stub.Calibrate(asked())
    # 20 clips: two may be flagged, the false alarm of 2.5 and the calm clip of 0.38.
    assert (answer.calibration.clip_count, answer.calibration.threshold) == (20, 0.380001)
    told = answer.labels
    assert counted(told.labels) == [(TRUE_RISK, 2), (FALSE_ALARM, 1)]
    assert (told.left_out_clips, told.left_out_flagged, told.pending_events) == (2, 2, 0)
    assert told.threshold_without_labels == 2.500001  # three clips of 22 beyond 0.38
    kept = stub.GetCalibration(pb.GetCalibrationRequest(id=answer.calibration.id))
    (review,) = kept.reviews
    assert (review.run, review.left_out_clips) == ("week", 2)
    assert counted(review.labels) == [(TRUE_RISK, 2), (FALSE_ALARM, 1)]
    assert kept.command == "CalibrationService.Calibrate week reviewed"


def test_it_is_the_calibration_that_the_command_line_makes(stub, week, tmp_path, capsys):
    label(week, a="TRUE_RISK", b="UNCERTAIN", c="FALSE_ALARM")
    made = stub.Calibrate(asked(uncertain=TRUE_RISK)).calibration
    line = ["calibrate", str(week), "--reviewed", "--uncertain", "true-risk", "--alpha", "0.1"]
    out = ["--clip-seconds", "2", "--out", str(tmp_path / "one.json"), "--json"]
    assert main([*line, *out]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == made.id
    assert made.command == "CalibrationService.Calibrate week reviewed uncertain=TRUE_RISK"


def test_a_dry_run_says_what_the_missing_labels_could_change_and_keeps_nothing(stub, week):
    label(week, a="TRUE_RISK")
    told = stub.Calibrate(asked(dry_run=True)).labels
    assert counted(told.labels) == [(TRUE_RISK, 1), (UNLABELLED, 2)]
    assert list(told.pending_ids) == [f"week/{SECOND}", f"week/{THIRD}"]
    assert (told.pending_events, told.pending_clips) == (2, 2)
    assert (told.threshold_if_true_risks, told.threshold_if_false_alarms) == (0.360001, 2.500001)
    assert not (week.parent / "calibrations").exists()


def test_where_the_clips_are_too_few_there_is_no_threshold_to_tell(stub, week):
    label(week, a="TRUE_RISK")
    told = stub.Calibrate(asked(dry_run=True, alpha=0.048)).labels  # takes 20 clips
    assert not told.HasField("threshold_if_true_risks")
    assert told.HasField("threshold_if_false_alarms")


def test_while_an_event_waits_for_a_label_nothing_is_made(stub, week):
    label(week, a="TRUE_RISK", b="UNCERTAIN")
    error = refusal(stub.Calibrate, asked())
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error)[0] == "LABELS_PENDING"
    assert f"labels 2 of 3 events: still wait for a label that decides: week/{SECOND}" in (
        error.details()
    )
    assert not (week.parent / "calibrations").exists()


@pytest.mark.parametrize(("counts_as", "clips"), [(TRUE_RISK, 20), (FALSE_ALARM, 22)])
def test_what_nobody_could_tell_counts_as_it_is_said(stub, week, counts_as, clips):
    label(week, a="UNCERTAIN", b="FALSE_ALARM", c="UNCERTAIN")
    answer = stub.Calibrate(asked(uncertain=counts_as))
    assert (answer.calibration.clip_count, answer.labels.pending_events) == (clips, 0)


@pytest.mark.parametrize(
    "request_",
    [
        {"reviewed": False, "uncertain": TRUE_RISK},
        {"uncertain": UNCERTAIN}, {"uncertain": UNLABELLED}, {"uncertain": 77},
    ],
)  # fmt: skip
def test_an_uncertain_that_decides_nothing_is_named(stub, request_):
    error = refusal(stub.Calibrate, asked(**request_))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(error) == ["uncertain"]


def test_footage_that_is_said_to_be_nominal_has_no_labels_to_tell(stub):
    answer = stub.Calibrate(asked(runs=["monday"], reviewed=False))
    assert not answer.HasField("labels")
    assert not answer.calibration.reviews


def test_a_label_that_changes_later_shows_in_the_check(stub, week):
    label(week, a="TRUE_RISK", b="FALSE_ALARM", c="TRUE_RISK")
    id = stub.Calibrate(asked()).calibration.id
    check = pb.CheckDriftRequest(id=id, run="monday")
    assert not stub.CheckDrift(check).labels_changed
    label(week, a="FALSE_ALARM")
    assert list(stub.CheckDrift(check).labels_changed) == [
        f"labels of week have changed since: {FIRST} was TRUE_RISK, is FALSE_ALARM"
    ]


def test_who_may_only_label_cannot_calibrate_with_the_labels(week):
    with running(week, rules=Rules(local_role=LABELLER)) as server:
        address = f"127.0.0.1:{server.port}"
        with grpc.insecure_channel(address) as channel:
            error = refusal(CalibrationServiceStub(channel).Calibrate, asked(dry_run=True))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason_of(error)[1]["needed"] == "admin"
