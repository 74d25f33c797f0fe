"""Whatever comes over the wire, the answer is one that the protocol promises."""

import random
import threading
from collections import Counter
from pathlib import Path

import grpc
import pytest
from made_run import UNLIMITED, connected, fields_at_fault, made_run, running, serving

from road_clarity.service.gen import event_service_pb2, explanation_service_pb2, risk_service_pb2
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub
from road_clarity.service.gen.explanation_service_pb2_grpc import ExplanationServiceStub
from road_clarity.service.gen.risk_service_pb2_grpc import RiskServiceStub

PROMISED = {"INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE"}
ALSO = {"LabelEvent": {"ABORTED"}}
EVENT = "0001-corridor-person"
NUMBERS = (0, 1, -1, 5, 2**31 - 1, -(2**31))
LARGE = (0, 1, -1, 600_000_000, 2**63 - 1, -(2**63))
FLOATS = (0.0, 1.5, -1.0, float("inf"), float("nan"))
SIGNS = "AND", "=", ">=", "!=", ":", '"x', "label", "pinned", "bundle_id", "true", "'; --"
WORDS = (*SIGNS, "nan", "1e999", "9" * 40, "level", "score", "code", "id", "start_ns", "high")


def text(chance):
    return " ".join(chance.choice(WORDS) for _ in range(chance.randrange(6)))


def path(chance):
    return "".join(chance.choice("./\\0a_-\0é%~") for _ in range(chance.randrange(12)))


def picture(chance):
    heads = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xc0\0\x0b", b"\xff\xd8\xff\xe0", b""
    return chance.choice(heads) + chance.randbytes(chance.randrange(60))


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    with serving(made_run(tmp_path_factory.mktemp("served") / "run")) as channel:
        yield channel


@pytest.mark.claim("refused")
@pytest.mark.parametrize("method", ["EventService/GetEvent", "RiskService/StreamRisk"])
def test_bytes_that_are_no_request_are_the_callers_fault(channel, method):
    with pytest.raises(grpc.RpcError) as caught:
        list(channel.unary_stream(f"/road_clarity.v1.{method}")(b"\xff\xff\xff"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(caught.value) == ["request"]


@pytest.fixture(scope="module")
def calls(channel):
    """Each makes one request out of chance and sends it."""
    events, risk, frames = event_service_pb2, risk_service_pb2, explanation_service_pb2
    e, r, x = (s(channel) for s in (EventServiceStub, RiskServiceStub, ExplanationServiceStub))
    return {
        "GetEvent": lambda c: e.GetEvent(
            events.GetEventRequest(id=path(c), view=c.choice(NUMBERS))
        ),
        "ListEvents": lambda c: e.ListEvents(
            events.ListEventsRequest(
                page_size=c.choice(NUMBERS),
                page_token=c.choice(("", path(c))),
                filter=text(c),
                order_by=c.choice(("", "score desc", text(c))),
            )
        ),
        "SearchSimilarEvents": lambda c: e.SearchSimilarEvents(
            c.choice(
                (
                    events.SearchSimilarEventsRequest(event_id=path(c), count=c.choice(NUMBERS)),
                    events.SearchSimilarEventsRequest(image=picture(c)),
                    events.SearchSimilarEventsRequest(count=c.choice(NUMBERS)),
                )
            )
        ),
        "LabelEvent": lambda c: e.LabelEvent(
            events.LabelEventRequest(
                id=c.choice((path(c), EVENT)),
                label=c.choice(NUMBERS),
                note=text(c) * c.choice((1, 500)),
                who=text(c),
                etag=path(c),
                request_id=path(c),
            )
        ),
        "PinEvent": lambda c: e.PinEvent(
            events.PinEventRequest(id=path(c), etag=path(c), request_id=path(c))
        ),
        "DeleteEvent": lambda c: e.DeleteEvent(
            events.DeleteEventRequest(id=path(c), etag=path(c), who=text(c))
        ),
        "ExportEvent": lambda c: list(
            e.ExportEvent(
                events.ExportEventRequest(id=c.choice((path(c), EVENT)), format=c.choice(NUMBERS))
            )
        ),
        "StreamRisk": lambda c: list(
            r.StreamRisk(
                risk.StreamRiskRequest(
                    after_stamp_ns=c.choice(LARGE),
                    min_interval_s=c.choice(FLOATS),
                    min_level=c.choice(NUMBERS),
                )
            )
        ),
        "GetRiskState": lambda c: r.GetRiskState(
            risk.GetRiskStateRequest(stamp_ns=c.choice(LARGE))
        ),
        "QueryRiskSeries": lambda c: r.QueryRiskSeries(
            risk.QueryRiskSeriesRequest(
                start_ns=c.choice(LARGE), end_ns=c.choice(LARGE), buckets=c.choice(NUMBERS)
            )
        ),
        "ExplainFrame": lambda c: x.ExplainFrame(
            c.choice(
                (
                    frames.ExplainFrameRequest(image=picture(c)),
                    frames.ExplainFrameRequest(index=c.choice(LARGE)),
                    frames.ExplainFrameRequest(event_id=path(c), method=text(c)),
                )
            )
        ),
    }


@pytest.mark.claim("refused")
@pytest.mark.parametrize(
    "name",
    [
        "GetEvent",
        "ListEvents",
        "SearchSimilarEvents",
        "LabelEvent",
        "PinEvent",
        "DeleteEvent",
        "ExportEvent",
        "StreamRisk",
        "GetRiskState",
        "QueryRiskSeries",
        "ExplainFrame",
    ],
)
def test_chance_requests_are_answered_or_refused_by_a_promised_status(calls, name):
    chance, statuses = random.Random(name), set()
    for _ in range(60):
        try:
            calls[name](chance)
        except grpc.RpcError as error:
            statuses.add(error.code().name)
    assert statuses <= PROMISED | ALSO.get(name, set())


# StreamRisk, which takes another kind of call, has its chance requests above.
METHODS = [
    "EventService/GetEvent",
    "EventService/ListEvents",
    "RiskService/GetRiskState",
    "RiskService/QueryRiskSeries",
    "ExplanationService/ExplainFrame",
    "ExplanationService/ExplainEvent",
    "ExplanationService/ProbeCounterfactual",
    "ExplanationService/ScoreExplanation",
    "ExplanationService/CompareExplanations",
    "ModelService/GetModel",
    "ModelService/ListModels",
    "ModelService/GetReconstruction",
    "CalibrationService/Calibrate",
    "EventService/FormatDisk",
]
OF_MANY = {*PROMISED, "OK", "RESOURCE_EXHAUSTED", "UNIMPLEMENTED", "CANCELLED"}
OF_MANY |= {"DEADLINE_EXCEEDED", "FAILED_PRECONDITION"}
MANY, AT_ONCE = 10_000, 50


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def hostile(chance, earlier):
    """Bytes that are noise, nearly a request, a replay, or larger than anything we read."""
    kind = chance.randrange(100)
    if kind == 0:
        return bytes(14 << 20) if chance.randrange(10) == 0 else b"\x22" + bytes(1000)
    if kind < 40:
        return chance.randbytes(chance.randrange(40))
    if kind < 70 and earlier:
        return chance.choice(earlier)
    made = explanation_service_pb2.ProbeCounterfactualRequest(
        index=chance.choice(LARGE), before_s=chance.choice(FLOATS), during_s=chance.choice(FLOATS)
    )
    for _ in range(chance.randrange(10)):
        made.interventions.add(drop_track=chance.choice(LARGE))
    return made.SerializeToString()


def flooded(channel, chance, count):
    """Statuses of many calls, AT_ONCE at a time; every tenth is cancelled on the way."""
    calls = {name: channel.unary_unary(f"/road_clarity.v1.{name}") for name in METHODS}
    statuses, earlier = Counter(), []
    for _ in range(count // AT_ONCE):
        asked = []
        for _ in range(AT_ONCE):
            content = hostile(chance, earlier)
            earlier = [*earlier[-20:], content]
            call = calls[chance.choice(METHODS)].future(content, timeout=20)
            if chance.randrange(10) == 0:
                call.cancel()
            asked.append(call)
        for call in asked:
            statuses[call.code().name] += 1
    return statuses


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts files as Linux lists them")
def test_ten_thousand_hostile_requests_leave_nothing_behind(tmp_path):
    run, chance = made_run(tmp_path / "run"), random.Random(5)
    with running(run, rules=UNLIMITED) as server, connected(server) as channel:
        flooded(channel, chance, 200)  # grpc's own threads and files are there from here on
        threads, files = threading.active_count(), open_files()
        statuses = flooded(channel, chance, MANY)
        server.guard.wait_until_idle(20.0)
        assert (server.guard.running, server.explaining) == (0, 0)
        assert threading.active_count() <= threads + 33  # the pool of grpc fills up to its size
        assert open_files() <= files + 4
        assert RiskServiceStub(channel).GetRiskState(risk_service_pb2.GetRiskStateRequest())
    assert sum(statuses.values()) == MANY
    assert statuses.keys() <= OF_MANY
    assert statuses["INVALID_ARGUMENT"] > MANY / 10


def test_those_without_a_role_are_refused_whatever_they_send(tmp_path):
    run, chance = made_run(tmp_path / "run"), random.Random(6)
    nobody = type(UNLIMITED)(local_role="", calls_per_s=UNLIMITED.calls_per_s)
    with running(run, rules=nobody) as server, connected(server) as channel:
        statuses = flooded(channel, chance, 500)
    assert statuses["PERMISSION_DENIED"] > 250
    assert statuses.keys() <= {
        "PERMISSION_DENIED", "UNIMPLEMENTED", "CANCELLED", "RESOURCE_EXHAUSTED",
    }  # fmt: skip


def test_a_request_that_is_sent_again_gets_the_same_answer(channel):
    stub = RiskServiceStub(channel)
    request = risk_service_pb2.GetRiskStateRequest(stamp_ns=1_200_000_000)
    assert len({stub.GetRiskState(request).SerializeToString() for _ in range(20)}) == 1
