"""Labels, pins, deletion, likeness and export over gRPC, and what is refused."""

import hashlib
import io
import sqlite3
import tarfile

import cv2
import grpc
import numpy as np
import pytest
from made_drive import street
from made_moments import SPACE, made_events
from made_run import fields_at_fault, made_run, reason_of, serving

from road_clarity.pipeline.evidence.database import DATABASE
from road_clarity.service import event_service
from road_clarity.service.gen import event_service_pb2 as pb
from road_clarity.service.gen import explanation_service_pb2 as explain
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub
from road_clarity.service.gen.explanation_service_pb2_grpc import ExplanationServiceStub

FIRST, SECOND, THIRD = (f"000{i}-corridor-person" for i in (1, 2, 3))
TRUE_RISK, FALSE_ALARM = pb.EVENT_LABEL_TRUE_RISK, pb.EVENT_LABEL_FALSE_ALARM


class MadePlacer:
    """Places every picture at (0, 1)."""

    def __init__(self, space):
        self._space = space

    def place(self, image):
        return np.asarray([0.0, 1.0], np.float32), self._space


@pytest.fixture
def folder(tmp_path):
    return made_events(tmp_path / "evidence", [(1.0, 0.0), (2.0, 1.0), (0.0, 3.0)])


@pytest.fixture
def stub(folder, monkeypatch):
    monkeypatch.setattr(event_service.EventServicer.__init__, "__defaults__", (MadePlacer,))
    with serving(folder) as channel:
        yield EventServiceStub(channel)


def listed(stub, text):
    return [one.id for one in stub.ListEvents(pb.ListEventsRequest(filter=text)).events]


def refusal(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        list(answer) if hasattr(answer := call(request), "__iter__") else answer
    return caught.value


def test_a_label_is_told_listed_and_remembered(stub):
    answer = stub.LabelEvent(
        pb.LabelEventRequest(id=FIRST, label=FALSE_ALARM, who="ada", note="a shadow")
    )
    assert (answer.label, [(one.who, one.note) for one in answer.history]) == (
        FALSE_ALARM, [("ada", "a shadow")],
    )  # fmt: skip
    assert listed(stub, "label = FALSE_ALARM") == [FIRST]
    assert listed(stub, "label = unlabelled") == [SECOND, THIRD]
    assert stub.GetEvent(pb.GetEventRequest(id=FIRST)).label == FALSE_ALARM


def test_who_was_slower_is_told_to_look_again(stub):
    etag = stub.GetEvent(pb.GetEventRequest(id=FIRST)).etag
    stub.LabelEvent(pb.LabelEventRequest(id=FIRST, label=TRUE_RISK, etag=etag))
    slower = pb.LabelEventRequest(id=FIRST, label=FALSE_ALARM, etag=etag)
    error = refusal(stub.LabelEvent, slower)
    assert error.code() is grpc.StatusCode.ABORTED
    assert reason_of(error) == ("EVENT_CHANGED", {"id": FIRST})


def test_a_request_that_is_sent_again_changes_nothing(stub):
    etag = stub.GetEvent(pb.GetEventRequest(id=FIRST)).etag
    request = pb.LabelEventRequest(id=FIRST, label=TRUE_RISK, etag=etag, request_id="once")
    answers = [stub.LabelEvent(request) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(answers[1].history) == 1
    request.label = FALSE_ALARM
    error = refusal(stub.LabelEvent, request)
    assert (error.code(), fields_at_fault(error)) == (
        grpc.StatusCode.INVALID_ARGUMENT, ["request_id"],
    )  # fmt: skip


def test_a_pinned_event_is_kept(stub, folder):
    assert stub.PinEvent(pb.PinEventRequest(id=FIRST, pinned=True)).pinned
    assert listed(stub, "pinned = true") == [FIRST]
    error = refusal(stub.DeleteEvent, pb.DeleteEventRequest(id=FIRST))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error)[0] == "EVENT_PINNED"
    stub.PinEvent(pb.PinEventRequest(id=FIRST))
    stub.DeleteEvent(pb.DeleteEventRequest(id=FIRST))
    assert listed(stub, "") == [SECOND, THIRD]
    assert not (folder / FIRST).exists()


def test_a_bundle_is_found_by_its_id(stub):
    name = stub.GetEvent(pb.GetEventRequest(id=SECOND)).bundle_id
    assert len(name) == 64
    assert listed(stub, f'bundle_id = "{name}"') == [SECOND]


def test_events_that_look_alike_come_nearest_first(stub):
    found = stub.SearchSimilarEvents(pb.SearchSimilarEventsRequest(event_id=FIRST))
    assert [one.event.id for one in found.neighbours] == [SECOND, THIRD]
    assert found.neighbours[0].distance == pytest.approx(1 - 2 / 5**0.5)
    assert (found.space, found.compared) == (SPACE, 2)


def test_a_picture_finds_the_events_that_look_like_it(stub):
    _, png = cv2.imencode(".png", street())
    request = pb.SearchSimilarEventsRequest(image=png.tobytes(), count=1)
    (nearest,) = stub.SearchSimilarEvents(request).neighbours
    assert (nearest.event.id, nearest.distance) == (THIRD, 0.0)


def test_an_event_without_a_world_model_resembles_nothing(tmp_path):
    with serving(made_run(tmp_path / "run")) as channel:
        stub = EventServiceStub(channel)
        error = refusal(stub.SearchSimilarEvents, pb.SearchSimilarEventsRequest(event_id=FIRST))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error)[0] == "NO_EMBEDDING"


def exported(stub, **request):
    parts = list(stub.ExportEvent(pb.ExportEventRequest(id=FIRST, **request)))
    content = b"".join(part.content for part in parts)
    assert max(len(part.content) for part in parts) <= 64 << 10
    assert parts[0].total_bytes == len(content)
    assert parts[-1].sha256 == hashlib.sha256(content).hexdigest()
    return parts[0].file_name, content


def test_the_clip_is_exported_as_it_was_stored(stub, folder):
    name, content = exported(stub)
    assert name == f"{FIRST}.mcap"
    assert content == (folder / FIRST / "clip.mcap").read_bytes()


def test_the_whole_bundle_is_exported_and_the_same_every_time(stub, folder):
    name, content = exported(stub, format=pb.EXPORT_FORMAT_BUNDLE)
    assert name == f"{FIRST}.tar"
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}
    assert files == {f"{FIRST}/{one.name}": one.read_bytes() for one in (folder / FIRST).iterdir()}
    assert exported(stub, format=pb.EXPORT_FORMAT_BUNDLE)[1] == content


def test_damaged_evidence_is_not_exported(stub, folder):
    clip = folder / FIRST / "clip.mcap"
    clip.write_bytes(clip.read_bytes()[:-9] + b"\0" * 9)
    error = refusal(stub.ExportEvent, pb.ExportEventRequest(id=FIRST))
    assert error.code() is grpc.StatusCode.DATA_LOSS
    assert reason_of(error) == ("EVIDENCE_DAMAGED", {"id": FIRST})


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("LabelEvent", pb.LabelEventRequest(id=FIRST), "label"),
        ("LabelEvent", pb.LabelEventRequest(id=FIRST, label=99), "label"),
        ("LabelEvent", pb.LabelEventRequest(id="../x", label=1), "id"),
        ("LabelEvent", pb.LabelEventRequest(id=FIRST, label=1, note="x" * 2001), "note"),
        ("LabelEvent", pb.LabelEventRequest(id=FIRST, label=1, who="x" * 201), "who"),
        ("LabelEvent", pb.LabelEventRequest(id=FIRST, label=1, request_id="a b"), "request_id"),
        ("PinEvent", pb.PinEventRequest(id=""), "id"),
        ("DeleteEvent", pb.DeleteEventRequest(id=".."), "id"),
        ("ExportEvent", pb.ExportEventRequest(id=FIRST, format=7), "format"),
        ("SearchSimilarEvents", pb.SearchSimilarEventsRequest(), "like"),
        ("SearchSimilarEvents", pb.SearchSimilarEventsRequest(image=b"no picture"), "image"),
        ("SearchSimilarEvents", pb.SearchSimilarEventsRequest(event_id=FIRST, count=-1), "count"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(stub, method, request_, field):
    error = refusal(getattr(stub, method), request_)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(error) == [field]


def test_while_another_process_holds_the_index_a_label_is_kept(stub, folder, monkeypatch):
    monkeypatch.setattr("road_clarity.pipeline.evidence.database.BUSY_S", 0.0)
    stub.GetEvent(pb.GetEventRequest(id=FIRST))
    holder = sqlite3.connect(folder / DATABASE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    stub.LabelEvent(pb.LabelEventRequest(id=FIRST, label=TRUE_RISK))
    holder.execute("ROLLBACK")
    holder.close()
    assert listed(stub, "label = TRUE_RISK") == [FIRST]


def test_an_evidence_folder_without_a_run_explains_its_events(folder):
    with serving(folder) as channel:
        answer = ExplanationServiceStub(channel).ExplainFrame(
            explain.ExplainFrameRequest(event_id=SECOND)
        )
    assert (answer.event_id, answer.recorded.index) == (SECOND, 100)


def test_a_stamp_that_no_clip_kept_is_answered_with_the_interval_that_is_kept(folder):
    with serving(folder) as channel:
        ask = ExplanationServiceStub(channel).ExplainFrame
        kept = ask(explain.ExplainFrameRequest(stamp_ns=10_100_000_000))
        error = refusal(ask, explain.ExplainFrameRequest(stamp_ns=99_000_000_000))
        between = refusal(ask, explain.ExplainFrameRequest(stamp_ns=150_000_000))
    assert kept.recorded.index == 101
    assert error.code() is grpc.StatusCode.OUT_OF_RANGE
    assert reason_of(error)[1] == {"field": "stamp_ns", "first": "0", "last": "20200000000"}
    assert reason_of(between)[1] == {"field": "stamp_ns", "first": "0", "last": "200000000"}
