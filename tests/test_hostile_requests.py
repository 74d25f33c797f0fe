"""Whatever comes over the wire, the answer is one that the protocol promises."""

import random

import grpc
import pytest
from made_run import fields_at_fault, made_run, serving

from road_clarity.service.gen import event_service_pb2, explanation_service_pb2, risk_service_pb2
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub
from road_clarity.service.gen.explanation_service_pb2_grpc import ExplanationServiceStub
from road_clarity.service.gen.risk_service_pb2_grpc import RiskServiceStub

PROMISED = {"INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE"}
NUMBERS = (0, 1, -1, 5, 2**31 - 1, -(2**31))
LARGE = (0, 1, -1, 600_000_000, 2**63 - 1, -(2**63))
FLOATS = (0.0, 1.5, -1.0, float("inf"), float("nan"))
SIGNS = "AND", "=", ">=", "!=", ":", '"x'
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
    ["GetEvent", "ListEvents", "StreamRisk", "GetRiskState", "QueryRiskSeries", "ExplainFrame"],
)
def test_chance_requests_are_answered_or_refused_by_a_promised_status(calls, name):
    chance, statuses = random.Random(name), set()
    for _ in range(60):
        try:
            calls[name](chance)
        except grpc.RpcError as error:
            statuses.add(error.code().name)
    assert statuses <= PROMISED
