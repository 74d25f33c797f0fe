"""Events over gRPC: pages, filters, orders, evidence, and what is refused."""

import grpc
import pytest
from made_run import fields_at_fault, made_run, reason_of, serving

from road_clarity.service.gen import event_service_pb2 as pb
from road_clarity.service.gen import scene_pb2
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub

FIRST, SECOND, THIRD = (f"000{i}-corridor-person" for i in (1, 2, 3))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(tmp_path_factory.mktemp("served") / "run")


@pytest.fixture(scope="module")
def stub(run):
    with serving(run) as channel:
        yield EventServiceStub(channel)


def listed(stub, **request):
    return [event.id for event in stub.ListEvents(pb.ListEventsRequest(**request)).events]


def refusal(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return caught.value


def test_events_come_in_the_order_in_which_they_happened(stub):
    assert listed(stub) == [FIRST, SECOND, THIRD]


def test_pages_follow_each_other_without_gap_or_overlap(stub):
    first = stub.ListEvents(pb.ListEventsRequest(page_size=2))
    token = first.next_page_token
    second = stub.ListEvents(pb.ListEventsRequest(page_size=2, page_token=token))
    assert [event.id for event in (*first.events, *second.events)] == [FIRST, SECOND, THIRD]
    assert (first.total_size, bool(token), second.next_page_token) == (3, True, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level = high", [FIRST, THIRD]),
        ("level >= elevated", [FIRST, SECOND, THIRD]),
        ("level != high", [SECOND]),
        ('code = "corridor.person" AND score < 0.5', [SECOND]),
        ("code != corridor.person", []),
        ("start_ns > 1200000000 AND peak_index <= 5", [SECOND]),
        ("source:STREET", [FIRST, SECOND, THIRD]),
        ('id:"0003"', [THIRD]),
    ],
)
def test_a_filter_keeps_the_events_for_which_it_holds(stub, text, expected):
    assert listed(stub, filter=text) == expected


def test_the_riskiest_event_comes_first_when_asked_for(stub):
    assert listed(stub, order_by="score desc") == [FIRST, THIRD, SECOND]


def test_an_event_that_arrives_between_two_pages_shifts_nothing(tmp_path):
    run = made_run(tmp_path / "run")
    late = run / "events" / FIRST
    with serving(run) as channel:
        stub = EventServiceStub(channel)
        late.rename(run / "events" / ".hidden")
        first = stub.ListEvents(pb.ListEventsRequest(page_size=1))
        (run / "events" / ".hidden").rename(late)
        token = first.next_page_token
        assert listed(stub, page_size=1, page_token=token) == [THIRD]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"page_size": -1}, "page_size"),
        ({"page_token": "bm9uc2Vuc2U="}, "page_token"),
        ({"page_token": "~~~"}, "page_token"),
        ({"filter": "colour = red"}, "filter"),
        ({"filter": "score > high"}, "filter"),
        ({"filter": "level = nominal OR level = high"}, "filter"),
        ({"filter": "score >"}, "filter"),
        ({"filter": 'source = "open'}, "filter"),
        ({"filter": "x" * 2000}, "filter"),
        ({"order_by": "colour"}, "order_by"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(stub, request_, field):
    error = refusal(stub.ListEvents, pb.ListEventsRequest(**request_))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(error) == [field]


def test_a_page_token_belongs_to_its_filter(stub):
    token = stub.ListEvents(pb.ListEventsRequest(page_size=1)).next_page_token
    request = pb.ListEventsRequest(page_size=1, page_token=token, filter="level = high")
    assert fields_at_fault(refusal(stub.ListEvents, request)) == ["page_token"]


def test_a_huge_page_size_gives_a_page_of_the_largest_size(stub):
    assert listed(stub, page_size=2**31 - 1) == [FIRST, SECOND, THIRD]


def test_an_event_tells_why_and_shows_it(stub):
    event = stub.GetEvent(pb.GetEventRequest(id=THIRD))
    assert (event.level, event.score) == (scene_pb2.RISK_LEVEL_HIGH, 0.8)
    assert (event.start_ns, event.end_ns, event.peak_index) == (4_800_000_000, 5_400_000_000, 9)
    assert [(one.code, one.share) for one in event.reasons] == [("corridor.person", 0.8)]
    assert event.reasons[0].region == scene_pb2.Box(x0=20, y0=10, x1=30, y1=40)
    assert [(one.name, one.sha256) for one in event.models] == [("vae_edge", "ab" * 32)]
    assert event.overlay.content.startswith(b"\xff\xd8\xff")
    assert event.error_map.content.startswith(b"\x89PNG")


def test_the_basic_view_leaves_the_pictures_out(stub):
    event = stub.GetEvent(pb.GetEventRequest(id=FIRST, view=pb.EVENT_VIEW_BASIC))
    assert event.reasons and not event.HasField("overlay") and not event.HasField("error_map")


def test_an_unknown_event_is_not_found(stub):
    error = refusal(stub.GetEvent, pb.GetEventRequest(id="0099-lane-lost"))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert reason_of(error) == ("EVENT_UNKNOWN", {"id": "0099-lane-lost"})


@pytest.mark.parametrize(
    "name", ["", "..", "../run", "/etc/passwd", "a/../b", ".hidden", "a" * 101]
)
def test_an_id_never_leads_out_of_the_run(stub, name):
    error = refusal(stub.GetEvent, pb.GetEventRequest(id=name))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(error) == ["id"]


def test_damaged_evidence_is_data_loss_and_listed_as_unreadable(tmp_path):
    run = made_run(tmp_path / "run")
    record = run / "events" / FIRST / "event.json"
    record.write_text(record.read_text()[:40])
    (run / "events" / SECOND / "overlay.jpg").unlink()
    with serving(run) as channel:
        stub = EventServiceStub(channel)
        page = stub.ListEvents(pb.ListEventsRequest())
        assert list(page.unreadable_ids) == [FIRST]
        for name in (FIRST, SECOND):
            error = refusal(stub.GetEvent, pb.GetEventRequest(id=name))
            assert error.code() is grpc.StatusCode.DATA_LOSS
            assert reason_of(error) == ("EVIDENCE_DAMAGED", {"id": name})
