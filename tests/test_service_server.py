"""The server itself: health, reflection, where it may listen, and how it stops."""

import threading
import time

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from made_run import MadeExplainer, made_loaders, made_run, reason_of, serving

from road_clarity.models.errors import BadInput
from road_clarity.service.address import Tls, is_loopback
from road_clarity.service.gen import risk_service_pb2 as pb
from road_clarity.service.gen.risk_service_pb2_grpc import RiskServiceStub
from road_clarity.service.server import EVENTS, EXPLANATIONS, NOT_SERVING, RISK, SERVING, Server

ADDRESS = "127.0.0.1:0"
OUTSIDE = "0.0.0.0:0"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(tmp_path_factory.mktemp("served") / "run")


def health(channel, service=""):
    stub = health_pb2_grpc.HealthStub(channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=20).status


def healths(channel, service):
    """Every change, beginning with the state now."""
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=service)
    return (one.status for one in stub.Watch(request, timeout=20))


def test_explanations_are_healthy_once_their_weights_are_loaded(run):
    loaded = threading.Event()

    def load():
        loaded.wait(5)
        return MadeExplainer()

    with serving(run, load) as channel:
        states = healths(channel, EXPLANATIONS)
        assert next(states) == NOT_SERVING
        assert [health(channel, name) for name in ("", RISK, EVENTS)] == [SERVING] * 3
        loaded.set()
        assert next(states) == SERVING


def test_explanations_stay_unhealthy_without_weights(run):
    def load():
        raise BadInput("weights", "vae_edge", "no such card")

    with serving(run, load) as channel:
        assert (health(channel, EXPLANATIONS), health(channel, RISK)) == (NOT_SERVING, SERVING)


def test_a_stop_is_announced_and_ends_the_streams(tmp_path):
    run = made_run(tmp_path / "run", "n", complete=False)
    server = Server(run, ADDRESS, loaders=made_loaders())
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stream = RiskServiceStub(channel).StreamRisk(pb.StreamRiskRequest(follow=True), timeout=20)
        states = healths(channel, RISK)
        assert (next(stream).index, next(states)) == (0, SERVING)
        started = time.monotonic()
        server.stop(grace_s=60.0)
        assert time.monotonic() - started < 10.0
        assert next(states) == NOT_SERVING
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        assert reason_of(caught.value) == ("STOPPING", {})


def test_reflection_lists_the_services_and_describes_them(run):
    with serving(run) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert sorted(database.get_services()) == [
            "grpc.health.v1.Health",
            "grpc.reflection.v1alpha.ServerReflection",
            "road_clarity.v1.CalibrationService",
            "road_clarity.v1.EventService",
            "road_clarity.v1.ExplanationService",
            "road_clarity.v1.ModelService",
            "road_clarity.v1.RiskService",
        ]
        service = DescriptorPool(database).FindServiceByName("road_clarity.v1.RiskService")
        names = [method.name for method in service.methods]
        assert names == ["GetRiskState", "StreamRisk", "QueryRiskSeries"]


def test_a_session_through_reflection_alone_asks_what_if(run):
    with serving(run) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))

        def ask(service, method, text):
            found = pool.FindServiceByName(f"road_clarity.v1.{service}").FindMethodByName(method)
            request, answer = (GetMessageClass(t) for t in (found.input_type, found.output_type))
            call = channel.unary_unary(
                f"/road_clarity.v1.{service}/{method}",
                request_serializer=request.SerializeToString,
                response_deserializer=answer.FromString,
            )
            said = call(json_format.ParseDict(text, request()), timeout=20)
            return json_format.MessageToDict(said, preserving_proto_field_name=True)

        (first, *_) = ask("EventService", "ListEvents", {"filter": "level = high"})["events"]
        what_if = {"event_id": first["id"], "interventions": [{"drop_track": 7}]}
        answer = ask("ExplanationService", "ProbeCounterfactual", what_if)
    assert (first["id"], answer["delta"]) == ("0001-corridor-person", -0.8)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1:50051", True),
        ("127.9.9.9:1", True),
        ("[::1]:50051", True),
        ("localhost:0", True),
        ("unix:/tmp/road.sock", True),
        ("0.0.0.0:50051", False),
        ("[::]:50051", False),
        ("192.168.1.7:50051", False),
        ("vehicle.local:50051", False),
    ],
)
def test_only_this_machine_can_reach_a_loopback_address(address, loopback):
    assert is_loopback(address) is loopback


@pytest.mark.parametrize("address", ["", "50051", "127.0.0.1", "127.0.0.1:x", ":1", "::1:70000"])
def test_an_address_is_host_and_port(address):
    with pytest.raises(BadInput, match="HOST:PORT"):
        is_loopback(address)


@pytest.mark.claim("outside")
def test_an_address_that_others_can_reach_takes_certificates(run):
    with pytest.raises(BadInput, match="--tls-cert, --tls-key and --tls-client-ca"):
        Server(run, OUTSIDE, loaders=made_loaders())


def test_some_of_the_certificate_files_are_not_enough(tmp_path):
    with pytest.raises(BadInput, match="give --tls-key and --tls-client-ca as well"):
        Tls.of(tmp_path / "cert.pem", None, None, "--tls-client-ca")


def test_a_file_that_is_no_certificate_is_named(run, tmp_path):
    (tmp_path / "no.pem").write_text("hello")
    tls = Tls(*[tmp_path / "no.pem"] * 3)
    with pytest.raises(BadInput, match="no.pem: holds no PRIVATE KEY"):
        Server(run, OUTSIDE, tls, made_loaders())


def test_a_port_that_is_taken_is_refused(run):
    first = Server(run, ADDRESS, loaders=made_loaders())
    with pytest.raises(BadInput, match="cannot be listened on"):
        Server(run, f"127.0.0.1:{first.port}", loaders=made_loaders())
    first.stop(0.0)


def test_a_folder_without_frames_is_no_run(tmp_path):
    with pytest.raises(BadInput, match="road-clarity replay"):
        Server(tmp_path, ADDRESS, loaders=made_loaders())


@pytest.mark.claim("refused")
def test_an_unexpected_failure_keeps_its_insides_to_itself(tmp_path, caplog):
    run = made_run(tmp_path / "run", "h")
    frames = run / "frames.jsonl"
    frames.write_text(frames.read_text().replace('"reasons":[{', '"reasons":[7,{'))
    with serving(run) as channel, pytest.raises(grpc.RpcError) as caught:
        RiskServiceStub(channel).GetRiskState(pb.GetRiskStateRequest())
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert caught.value.details() == "failed inside; the server's log says why"
    assert "TypeError" in caplog.text
