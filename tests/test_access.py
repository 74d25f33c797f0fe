"""Who may call what: by the role in the certificate, by the role of this machine, and how often."""

import shutil

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from made_certificates import ROLE, authority, signed
from made_run import connected, made_loaders, made_run, reason_of, running

from road_clarity.service.access import ADMIN, LABELLER, LEAST_ROLE, VIEWER, admit, role_of
from road_clarity.service.address import Tls
from road_clarity.service.errors import Refusal
from road_clarity.service.gen import (
    event_service_pb2,
    explanation_service_pb2,
    model_service_pb2,
    risk_service_pb2,
)
from road_clarity.service.gen.event_service_pb2 import ListEventsRequest
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub
from road_clarity.service.rate_limit import MOST_CLIENTS, Bucket, RateLimit
from road_clarity.service.server import Rules, Server

CLIENTS = {
    "viewer": [ROLE + "viewer"],
    "admin": [ROLE + "admin"],
    "roleless": [],
    "king": [ROLE + "king"],
    "twofold": [ROLE + "viewer", ROLE + "admin"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(tmp_path_factory.mktemp("served") / "run")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificates with openssl")
    folder = authority(tmp_path_factory.mktemp("certificates"))
    for name, names in CLIENTS.items():
        signed(folder, name, *names)
    return folder


@pytest.fixture(scope="module")
def port(run, certificates):
    """Of a server that asks for certificates."""
    files = (certificates / name for name in ("server.pem", "server.key", "ca.pem"))
    server = Server(run, "0.0.0.0:0", Tls(*files), made_loaders())
    server.start()
    yield server.port
    server.stop(0.0)


def secure(certificates, port, client):
    files = (certificates / name for name in (f"{client}.pem", f"{client}.key", "ca.pem"))
    return grpc.secure_channel(f"127.0.0.1:{port}", Tls(*files).client())


def listed(channel):
    return EventServiceStub(channel).ListEvents(ListEventsRequest(), timeout=20).total_size


@pytest.mark.claim("outside")
@pytest.mark.parametrize("client", ["viewer", "admin"])
def test_from_outside_who_shows_a_certificate_with_a_role_gets_an_answer(
    certificates, port, client
):
    with secure(certificates, port, client) as channel:
        assert listed(channel) == 3


@pytest.mark.claim("outside")
def test_without_a_certificate_of_the_authority_there_is_no_answer(certificates, port):
    with secure(certificates, port, "stranger") as channel, pytest.raises(grpc.RpcError) as caught:
        listed(channel)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError):
        EventServiceStub(channel).ListEvents(ListEventsRequest(), timeout=2)


@pytest.mark.claim("roles")
@pytest.mark.parametrize("client", ["roleless", "king", "twofold"])
def test_a_certificate_without_one_known_role_may_ask_for_nothing_but_health(
    certificates, port, client
):
    with secure(certificates, port, client) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            listed(channel)
        stub = health_pb2_grpc.HealthStub(channel)
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status == 1
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert caught.value.details() == (
        "EventService/ListEvents takes the role viewer; the certificate names no role"
    )
    told = {"method": "EventService/ListEvents", "role": "", "needed": "viewer"}
    assert reason_of(caught.value) == ("ROLE_TOO_LOW", told)


@pytest.mark.claim("roles")
@pytest.mark.parametrize(
    ("method", "role"),
    [
        ("EventService/LabelEvent", VIEWER),
        ("EventService/DeleteEvent", LABELLER),
        ("CalibrationService/Calibrate", LABELLER),
        ("EventService/ListEvents", "root"),
        ("EventService/FormatDisk", ADMIN),
    ],
)
def test_who_has_too_low_a_role_is_refused(method, role):
    with pytest.raises(Refusal, match=method):
        admit(method, role)


def test_each_role_may_do_what_those_before_it_may():
    for method, least in LEAST_ROLE.items():
        admit(method, ADMIN)
        if least == VIEWER:
            admit(method, LABELLER)


@pytest.mark.claim("roles")
def test_every_method_of_the_protocol_has_its_least_role():
    modules = event_service_pb2, explanation_service_pb2, model_service_pb2, risk_service_pb2
    methods = {
        f"{service.name}/{method.name}"
        for module in modules
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert methods <= LEAST_ROLE.keys()


@pytest.mark.parametrize(
    ("uri", "role"),
    [
        (b"spiffe://fleet.example/road-clarity/role/labeller", "labeller"),
        (b"spiffe://fleet.example/road-clarity/role/Admin", ""),
        (b"https://fleet.example/road-clarity/role/admin", ""),
        (b"spiffe://fleet.example/road-clarity/role/admin/x", ""),
        (b"spiffe://a/b/road-clarity/role/admin", ""),
        (b"\xff", ""),
    ],
)
def test_only_a_spiffe_id_of_ours_is_a_role(uri, role):
    assert role_of([uri]) == role


def test_this_machine_can_be_kept_from_more_than_looking(run):
    with running(run, rules=Rules(local_role="")) as server, connected(server) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            listed(channel)
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.claim("limited")
def test_who_calls_too_often_is_told_when_to_come_back(run):
    rules = Rules(calls_per_s=0.001, burst=3)
    with running(run, rules=rules) as server, connected(server) as channel:
        assert [listed(channel) for _ in range(3)] == [3, 3, 3]
        with pytest.raises(grpc.RpcError) as caught:
            listed(channel)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    retry = error_details_pb2.RetryInfo()
    assert rpc_status.from_call(caught.value).details[1].Unpack(retry)
    assert 900_000 < retry.retry_delay.ToMilliseconds() <= 1_000_000


def test_tokens_come_back_with_time_up_to_the_burst():
    bucket = Bucket(per_s=2.0, burst=2, now_s=0.0)
    assert [bucket.wait_s(0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert bucket.wait_s(0.25) == 0.25
    assert [bucket.wait_s(100.0) for _ in range(3)] == [0.0, 0.0, 0.5]


def test_a_clock_that_goes_back_gives_no_tokens():
    bucket = Bucket(per_s=1.0, burst=1, now_s=10.0)
    assert [bucket.wait_s(t) for t in (10.0, 5.0, 6.0)] == [0.0, 1.0, 0.0]


@pytest.mark.claim("limited")
def test_one_client_does_not_use_up_the_calls_of_another():
    limit = RateLimit(per_s=1.0, burst=1, clock=lambda: 0.0)
    limit.take("one")
    limit.take("other")
    with pytest.raises(Refusal, match="one calls more than 1 times a second"):
        limit.take("one")


def test_only_so_many_clients_are_remembered():
    limit = RateLimit(per_s=1.0, burst=1, clock=lambda: 0.0)
    for number in range(2 * MOST_CLIENTS):
        limit.take(str(number))
    assert len(limit._buckets) == MOST_CLIENTS
