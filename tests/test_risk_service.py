"""Risk over gRPC: single moments, streams that follow and resume, and the course in few numbers."""

import json
import shutil
import time

import grpc
import pytest
from made_run import (
    STEP_NS,
    append,
    fields_at_fault,
    made_row,
    made_run,
    reason_of,
    serving,
)

from road_clarity.service.gen import risk_service_pb2 as pb
from road_clarity.service.gen import scene_pb2
from road_clarity.service.gen.risk_service_pb2_grpc import RiskServiceStub
from road_clarity.service.risk_service import MAX_STREAMS, POLL_S

ELEVATED, HIGH = scene_pb2.RISK_LEVEL_ELEVATED, scene_pb2.RISK_LEVEL_HIGH


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    run = made_run(tmp_path_factory.mktemp("served") / "run", "nnhneu")
    with serving(run) as channel:
        yield RiskServiceStub(channel)


def indexes(stub, **request):
    return [state.index for state in stub.StreamRisk(pb.StreamRiskRequest(**request), timeout=20)]


def refusal(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return caught.value


def test_a_stream_tells_every_frame_as_it_was_recorded(stub):
    states = list(stub.StreamRisk(pb.StreamRiskRequest()))
    assert [state.index for state in states] == [0, 1, 2, 3, 4, 5]
    third = states[2]
    assert (third.stamp_ns, third.score, third.level) == (2 * STEP_NS, 0.8, HIGH)
    assert third.reasons[0].text == "person 7 is in the way"
    assert (third.anomaly.p_value, third.latency_ms) == (0.25, 4.0)
    assert not third.anomaly.HasField("surprise")  # nothing had been predicted


def test_a_stream_resumes_after_the_stamp_received_last(stub):
    assert indexes(stub, after_stamp_ns=3 * STEP_NS) == [4, 5]


def test_a_stream_of_flags_holds_back_the_calm_frames(stub):
    assert indexes(stub, min_level=ELEVATED) == [2, 4, 5]


def test_what_could_not_be_judged_passes_every_minimum(stub):
    assert indexes(stub, min_level=HIGH) == [2, 5]


def test_a_thinned_stream_still_tells_every_change_of_level(stub):
    assert indexes(stub, min_interval_s=100.0) == [0, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"min_interval_s": -1.0}, "min_interval_s"),
        ({"min_interval_s": float("nan")}, "min_interval_s"),
        ({"min_level": 9}, "min_level"),
    ],
)
def test_a_stream_names_the_field_that_it_cannot_use(stub, request_, field):
    error = refusal(lambda r: list(stub.StreamRisk(r)), pb.StreamRiskRequest(**request_))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(error) == [field]


def test_a_stream_follows_a_run_until_it_is_complete(tmp_path):
    run = made_run(tmp_path / "run", "nn", complete=False)
    with serving(run) as channel:
        stream = RiskServiceStub(channel).StreamRisk(pb.StreamRiskRequest(follow=True), timeout=20)
        assert [next(stream).index for _ in range(2)] == [0, 1]
        text = json.dumps(made_row(2, "h"))
        with (run / "frames.jsonl").open("a") as file:  # half a line is no frame yet
            file.write(text[:50])
            file.flush()
            file.write(text[50:] + "\n")
        assert next(stream).index == 2
        (run / "summary.json").write_text("{}")
        assert list(stream) == []


def test_half_a_line_is_no_frame_yet(tmp_path):
    run = made_run(tmp_path / "run", "nn", complete=False)
    append(run, made_row(2), end="")
    with serving(run) as channel:
        assert indexes(RiskServiceStub(channel)) == [0, 1]


def test_a_stream_that_follows_ends_at_its_deadline(tmp_path):
    run = made_run(tmp_path / "run", "n", complete=False)
    with serving(run) as channel:
        stream = RiskServiceStub(channel).StreamRisk(pb.StreamRiskRequest(follow=True), timeout=0.3)
        assert refusal(list, stream).code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_stream_says_that_another_run_took_the_place(tmp_path):
    run = made_run(tmp_path / "run", "nn", complete=False)
    with serving(run) as channel:
        stream = RiskServiceStub(channel).StreamRisk(pb.StreamRiskRequest(follow=True), timeout=20)
        assert [next(stream).index for _ in range(2)] == [0, 1]
        other = made_run(tmp_path / "other", "h")
        run.rename(tmp_path / "old")
        other.rename(run)
        assert reason_of(refusal(next, stream)) == ("RUN_REPLACED", {})
        assert indexes(RiskServiceStub(channel)) == [0]


def test_only_so_many_streams_at_a_time(tmp_path):
    run = made_run(tmp_path / "run", "n", complete=False)
    with serving(run) as channel:
        stub = RiskServiceStub(channel)
        follow = pb.StreamRiskRequest(follow=True)
        streams = [stub.StreamRisk(follow, timeout=20) for _ in range(MAX_STREAMS)]
        assert [next(stream).index for stream in streams] == [0] * MAX_STREAMS
        error = refusal(lambda r: next(stub.StreamRisk(r)), follow)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert stub.GetRiskState(pb.GetRiskStateRequest()).index == 0  # others still get answers


def test_a_stream_that_is_given_up_leaves_its_place_to_others(tmp_path):
    run = made_run(tmp_path / "run", "n", complete=False)
    with serving(run) as channel:
        stub = RiskServiceStub(channel)
        for _ in range(MAX_STREAMS):
            stream = stub.StreamRisk(pb.StreamRiskRequest(follow=True), timeout=20)
            assert next(stream).index == 0
            stream.cancel()
        for _ in range(100):  # the server notices within POLL_S, or later when it is busy
            try:
                assert indexes(stub) == [0]
                return
            except grpc.RpcError:
                time.sleep(POLL_S)
    raise AssertionError("no place came back")


def test_the_state_at_a_stamp_is_that_of_the_frame_before_it(stub):
    request = pb.GetRiskStateRequest(stamp_ns=2 * STEP_NS + 1)
    assert stub.GetRiskState(request).index == 2


def test_the_newest_state_comes_without_a_stamp(stub):
    assert stub.GetRiskState(pb.GetRiskStateRequest()).level == scene_pb2.RISK_LEVEL_UNKNOWN


def test_a_stamp_before_the_run_is_answered_with_what_is_recorded(stub):
    error = refusal(stub.GetRiskState, pb.GetRiskStateRequest(stamp_ns=-1))
    assert error.code() is grpc.StatusCode.OUT_OF_RANGE
    kept = {"field": "stamp_ns", "first": "0", "last": "3000000000"}
    assert reason_of(error) == ("OUTSIDE_RUN", kept)


def test_a_run_without_frames_has_no_state_yet(tmp_path):
    with serving(made_run(tmp_path / "run", "", complete=False)) as channel:
        call = RiskServiceStub(channel).GetRiskState
        error = refusal(call, pb.GetRiskStateRequest())
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_the_course_in_two_halves_keeps_the_peak_of_each(stub):
    halves = stub.QueryRiskSeries(pb.QueryRiskSeriesRequest(buckets=2)).buckets
    assert [(h.frames, h.min_score, h.max_score) for h in halves] == [(3, 0.0, 0.8), (3, 0.0, 1.0)]
    assert [h.worst_level for h in halves] == [HIGH, scene_pb2.RISK_LEVEL_UNKNOWN]


def test_parts_without_frames_are_left_out_of_the_course(stub):
    request = pb.QueryRiskSeriesRequest(buckets=10_000)
    assert [part.frames for part in stub.QueryRiskSeries(request).buckets] == [1] * 6


def test_a_course_far_outside_the_run_is_empty(stub):
    request = pb.QueryRiskSeriesRequest(start_ns=2**62, end_ns=2**63 - 1)
    assert not stub.QueryRiskSeries(request).buckets


def test_a_course_over_all_time_is_that_of_the_run(stub):
    request = pb.QueryRiskSeriesRequest(start_ns=-(2**63), end_ns=2**63 - 1, buckets=1)
    assert [part.frames for part in stub.QueryRiskSeries(request).buckets] == [6]


@pytest.mark.parametrize(
    ("request_", "field"),
    [({"buckets": 10_001}, "buckets"), ({"start_ns": 5, "end_ns": 4}, "end_ns")],
)
def test_a_course_names_the_field_that_it_cannot_use(stub, request_, field):
    error = refusal(stub.QueryRiskSeries, pb.QueryRiskSeriesRequest(**request_))
    assert fields_at_fault(error) == [field]


def test_a_line_that_is_no_frame_is_data_loss(tmp_path):
    run = made_run(tmp_path / "run", "nn")
    with (run / "frames.jsonl").open("a") as file:
        file.write('{"index": 2}\n')
    with serving(run) as channel:
        error = refusal(RiskServiceStub(channel).GetRiskState, pb.GetRiskStateRequest())
        assert error.code() is grpc.StatusCode.DATA_LOSS
        assert reason_of(error) == ("EVIDENCE_DAMAGED", {"line": "3"})


def test_a_run_that_was_taken_away_is_said_so(tmp_path):
    run = made_run(tmp_path / "run", "nn")
    with serving(run) as channel:
        shutil.rmtree(run)
        error = refusal(RiskServiceStub(channel).GetRiskState, pb.GetRiskStateRequest())
        assert reason_of(error) == ("RUN_GONE", {})
