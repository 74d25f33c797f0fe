"""What is told of every call: a line of JSON, and numbers for Prometheus."""

import json
import logging
import urllib.request

import grpc
import pytest
from made_run import connected, made_run, running

from road_clarity.models.errors import BadInput
from road_clarity.service.calls import Call
from road_clarity.service.gen.event_service_pb2 import GetEventRequest, ListEventsRequest
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub
from road_clarity.service.metrics import Metrics


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(tmp_path_factory.mktemp("served") / "run")


def logged(caplog):
    return [json.loads(r.getMessage()) for r in caplog.records if r.name == "road_clarity.calls"]


def test_every_call_is_a_line_of_json(run, caplog):
    caplog.set_level(logging.INFO, "road_clarity.calls")
    with running(run) as server, connected(server) as channel:
        stub = EventServiceStub(channel)
        stub.ListEvents(ListEventsRequest(), metadata=[("x-request-id", "mine-1")])
        with pytest.raises(grpc.RpcError):
            stub.GetEvent(GetEventRequest(id="0099-x"))
    first, second = logged(caplog)
    assert first.pop("ms") >= 0.0
    assert first == {
        "request_id": "mine-1",
        "method": "EventService/ListEvents",
        "client": "ipv4:127.0.0.1",
        "role": "admin",
        "status": "OK",
    }
    assert (second["method"], second["status"]) == ("EventService/GetEvent", "NOT_FOUND")


@pytest.mark.parametrize("given", ['{"a": 1}', "x" * 65, ""])
def test_an_id_that_cannot_stand_in_a_log_is_replaced(run, given):
    with running(run) as server, connected(server) as channel:
        call = EventServiceStub(channel).ListEvents.with_call(
            ListEventsRequest(), metadata=[("x-request-id", given)]
        )[1]
    answered = dict(call.initial_metadata())["x-request-id"]
    assert len(answered) == 32 and answered != given


def test_prometheus_fetches_numbers_by_method_and_status(run):
    with running(run, metrics_port=0) as server, connected(server) as channel:
        EventServiceStub(channel).ListEvents(ListEventsRequest())
        url = f"http://127.0.0.1:{server.metrics_port}/metrics"
        said = urllib.request.urlopen(url, timeout=10).read().decode()
    wanted = 'road_clarity_calls_total{method="EventService/ListEvents",status="OK"} 1.0'
    assert wanted in said.splitlines()
    assert "road_clarity_explain_queue 0.0" in said.splitlines()
    assert 'road_clarity_call_seconds_count{method="EventService/ListEvents"} 1.0' in said


def test_callers_do_not_choose_how_many_labels_there_are():
    metrics = Metrics(lambda: 0)
    for number in range(100):
        metrics.tell(Call(f"EventService/Made{number}", "id"))
    methods = {
        sample.labels["method"]
        for family in metrics.registry.collect()
        for sample in family.samples
        if "method" in sample.labels
    }
    assert methods == {"other"}


def test_a_metrics_port_that_is_taken_is_refused(run):
    with (
        running(run, metrics_port=0) as server,
        pytest.raises(BadInput, match="--metrics-port"),
        running(run, metrics_port=server.metrics_port),
    ):
        pass
