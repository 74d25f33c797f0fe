"""Explanations over gRPC: of events, of frames, of pictures from outside, one at a time."""

import math
import struct
import threading
import zlib

import cv2
import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from made_drive import street
from made_run import MadeExplainer, fields_at_fault, made_run, reason_of, serving

from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.service.explain_queue import WAITING, Deadline
from road_clarity.service.explainer import Place
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.gen.explanation_service_pb2_grpc import ExplanationServiceStub
from road_clarity.service.network_explainer import NetworkExplainer

EVENT = "0001-corridor-person"
needs_weights = pytest.mark.skipif(
    not {"vae_edge", "lstm_edge"} <= set(weights.names()), reason="the world model is not published"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(tmp_path_factory.mktemp("served") / "run")


@pytest.fixture(scope="module")
def stub(run):
    with serving(run) as channel:
        yield ExplanationServiceStub(channel)


def refusal(call, **request):
    with pytest.raises(grpc.RpcError) as caught:
        call(pb.ExplainFrameRequest(**request), timeout=20)
    return caught.value


def encoded(suffix, image=None):
    return cv2.imencode(suffix, street() if image is None else image)[1].tobytes()


def png_that_claims(width, height):
    """The first bytes of a PNG of that size, with hardly anything inside."""

    def chunk(name, data):
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_an_event_is_explained_with_what_was_recorded_of_it(stub):
    answer = stub.ExplainFrame(pb.ExplainFrameRequest(event_id=EVENT))
    assert (answer.event_id, answer.recorded.index, answer.recorded.score) == (EVENT, 2, 0.8)
    assert answer.method == "reconstruction_error"
    assert [one.label for one in answer.regions] == ["person 7, corridor.person"]
    assert (answer.width, answer.height) == (64, 48)
    assert answer.error_map.content.startswith(b"\x89PNG")


def test_a_region_tells_which_layer_loses_it(stub):
    region = stub.ExplainFrame(pb.ExplainFrameRequest(index=2)).regions[0]
    assert (region.verdict, region.error_share, region.times_worse) == (
        "lost at encoder.2, dead channel",
        0.25,
        2.5,
    )
    assert [layer.name for layer in region.layers] == ["encoder.1", "encoder.2", "encoder.3"]
    assert [layer.HasField("separability") for layer in region.layers] == [True, True, False]


def test_a_region_names_the_cause_and_the_feature_maps_to_blame(stub):
    region = stub.ExplainFrame(pb.ExplainFrameRequest(index=2)).regions[0]
    assert (region.cause, region.layer, region.maps_of) == ("dead channel",) + ("encoder.2",) * 2
    assert [(one.channel, one.share) for one in region.maps] == [(5, 0.75), (1, 0.25)]


def test_a_frame_of_the_run_is_found_by_its_stamp(stub):
    answer = stub.ExplainFrame(pb.ExplainFrameRequest(stamp_ns=4_800_000_000))
    assert (answer.recorded.index, answer.event_id) == (8, "")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_from_outside_has_no_record(stub, suffix):
    answer = stub.ExplainFrame(pb.ExplainFrameRequest(image=encoded(suffix)))
    assert not answer.HasField("recorded") and not answer.regions


def test_a_large_picture_comes_back_at_a_size_that_can_be_sent(stub):
    large = encoded(".jpg", np.zeros((1000, 4000, 3), np.uint8))
    answer = stub.ExplainFrame(pb.ExplainFrameRequest(image=large))
    drawn = cv2.imdecode(np.frombuffer(answer.error_map.content, np.uint8), cv2.IMREAD_COLOR)
    assert (answer.width, answer.height, drawn.shape) == (4000, 1000, (320, 1280, 3))


def test_the_methods_can_be_listed(stub):
    methods = stub.ListMethods(pb.ListMethodsRequest()).methods
    assert [method.name for method in methods] == ["reconstruction_error", "eigen_cam", "sheets"]


def test_the_networks_are_shown_by_eigen_cam(stub):
    answer = stub.ExplainFrame(pb.ExplainFrameRequest(event_id=EVENT, method="eigen_cam"))
    assert (answer.method, answer.event_id, answer.recorded.index) == ("eigen_cam", EVENT, 2)
    assert [one.network for one in answer.network_maps] == [
        "lanes",
        "segmentation",
        "tracker of person 7, corridor.person",
    ]
    assert all(one.picture.content.startswith(b"\x89PNG") for one in answer.network_maps)
    assert [model.name for model in answer.models] == ["scnn_edge"]
    assert not answer.HasField("anomaly") and not answer.HasField("error_map")


@pytest.mark.skipif(
    not set(weights.names()) >= {"scnn_edge", "ffnet_edge", "lorat_edge"},
    reason="the networks are not published",
)
def test_maps_that_there_was_no_time_for_are_left_out():
    explainer, place = NetworkExplainer(), Place("person 7", (20.0, 10.0, 30.0, 40.0))
    hurried = explainer.maps(street(), [place], Deadline(at_s=0.0))
    assert ([one.of for one in hurried.maps], hurried.truncated) == (["lanes"], True)
    patient = explainer.maps(street(), [place], Deadline(at_s=math.inf))
    assert (len(patient.maps), patient.truncated) == (3, False)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "frame"),
        ({"index": 1, "method": "tea leaves"}, "method"),
        ({"event_id": "../../etc"}, "id"),
        ({"image": b""}, "image"),
        ({"image": b"no picture"}, "image"),
        ({"image": png_that_claims(100_000, 100_000)}, "image"),
        ({"image": png_that_claims(8000, 8000)}, "image"),
        ({"image": png_that_claims(0, 64)}, "image"),
        ({"image": png_that_claims(640, 480)}, "image"),
        ({"image": encoded(".png")[:60]}, "image"),
        ({"image": encoded(".jpg")[:30]}, "image"),
        ({"image": encoded(".jpg")[:-20]}, "image"),
        ({"image": b"\xff\xd8\xff\xe0\x00\x00" * 20}, "image"),
        ({"image": encoded(".png", np.zeros((8, 8, 3), np.uint8))}, "image"),
        ({"image": b"\xff\xd8\xff" + bytes(12 << 20)}, "image"),
    ],
)
def test_a_frame_that_cannot_be_used_is_named(stub, request_, field):
    error = refusal(stub.ExplainFrame, **request_)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(error) == [field]


def test_a_message_beyond_all_bounds_never_reaches_us(stub):
    error = refusal(stub.ExplainFrame, image=bytes(14 << 20))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_frame_outside_the_run_is_answered_with_what_is_recorded(stub):
    error = refusal(stub.ExplainFrame, index=10)
    assert error.code() is grpc.StatusCode.OUT_OF_RANGE
    assert reason_of(error)[1] == {"field": "index", "first": "0", "last": "9"}


def test_without_a_log_only_events_have_pictures(tmp_path):
    run = made_run(tmp_path / "run")
    (run / "run.mcap").unlink()
    with serving(run) as channel:
        stub = ExplanationServiceStub(channel)
        assert stub.ExplainFrame(pb.ExplainFrameRequest(event_id=EVENT)).recorded.index == 2
        assert reason_of(refusal(stub.ExplainFrame, index=1)) == ("NO_PICTURES", {})


@pytest.mark.parametrize("file", ["run.mcap", f"events/{EVENT}/frame.png"])
def test_a_damaged_picture_is_data_loss(tmp_path, file):
    run = made_run(tmp_path / "run")
    (run / file).write_bytes((run / file).read_bytes()[:200])
    with serving(run) as channel:
        wanted = {"index": 1} if file == "run.mcap" else {"event_id": EVENT}
        error = refusal(ExplanationServiceStub(channel).ExplainFrame, **wanted)
        assert error.code() is grpc.StatusCode.DATA_LOSS


def test_who_finds_the_line_full_is_told_when_to_come_back(run):
    explainer, answered = MadeExplainer(), threading.Semaphore(0)
    explainer.go.clear()
    with serving(run, lambda: explainer) as channel:
        call = ExplanationServiceStub(channel).ExplainFrame
        request = pb.ExplainFrameRequest(event_id=EVENT)
        asked = [call.future(request, timeout=30) for _ in range(1 + WAITING + 3)]
        for one in asked:
            one.add_done_callback(lambda _: answered.release())
        for _ in range(3):  # those without a place are answered first
            assert answered.acquire(timeout=10)
        refused = [one.exception() for one in asked if one.done()]
        explainer.go.set()
        got = [one.result().event_id for one in asked if one.exception() is None]
    assert got == [EVENT] * (1 + WAITING)
    assert {one.code() for one in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert [delay_of(one) for one in refused] == [1000] * 3


def delay_of(error):
    """From the RetryInfo detail [ms]."""
    retry = error_details_pb2.RetryInfo()
    info, told = rpc_status.from_call(error).details
    assert told.Unpack(retry)
    return retry.retry_delay.ToMilliseconds()


def test_who_cannot_wait_gets_no_explanation(run):
    explainer = MadeExplainer()
    explainer.go.clear()
    with serving(run, lambda: explainer) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            stub = ExplanationServiceStub(channel)
            stub.ExplainFrame(pb.ExplainFrameRequest(event_id=EVENT), timeout=0.2)
        explainer.go.set()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_weights_that_cannot_be_used_are_a_failed_precondition(run):
    def broken():
        raise BadInput("weights file", "vae_edge", "its sha256 is wrong")

    with serving(run, broken) as channel:
        error = refusal(ExplanationServiceStub(channel).ExplainFrame, event_id=EVENT)
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "sha256" in error.details()
