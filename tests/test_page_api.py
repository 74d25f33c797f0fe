"""What the page is told, asked without a browser: the same as over gRPC, and nothing else."""

import json
import shutil
import threading

import pytest
from made_certificates import authority
from made_moments import made_events
from made_run import MadeProber, append, connected, made_loaders, made_row, made_run, running

from road_clarity.service import explain_queue
from road_clarity.service.access import VIEWER
from road_clarity.service.address import Tls
from road_clarity.service.gen.event_service_pb2 import (
    EventLabel,
    GetEventRequest,
    ListEventsRequest,
)
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub
from road_clarity.service.printing import plain
from road_clarity.service.run_log import Mark
from road_clarity.service.server import Rules, Server
from road_clarity.service.web.api import Api
from road_clarity.service.web.clip import clip
from road_clarity.service.web.event_query import list_request

FIRST, SECOND, THIRD = (f"000{i}-corridor-person" for i in (1, 2, 3))
SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(tmp_path_factory.mktemp("served") / "run")


@pytest.fixture(scope="module")
def server(run):
    with running(run) as server:
        yield server


@pytest.fixture(scope="module")
def api(server):
    return Api(server.asked)


def got(api, path, **query):
    reply = api.get(path, query)
    assert reply.status == 200, reply.content
    return json.loads(reply.content)


def refusal(reply):
    error = json.loads(reply.content)["error"]
    return reply.status, error["code"], error["fields"]


def listed(api, **query):
    return [event["id"] for event in got(api, "events", **query)["events"]]


def test_the_list_is_what_grpc_lists(api, server):
    with connected(server) as channel:
        assert got(api, "events") == plain(
            EventServiceStub(channel).ListEvents(ListEventsRequest())
        )
    assert listed(api) == [FIRST, SECOND, THIRD]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"level": "high"}, [FIRST, THIRD]),
        ({"code": "corridor.person", "level": "elevated"}, [FIRST, SECOND, THIRD]),
        ({"code": "lane.lost"}, []),
        ({"source": "street"}, [FIRST, SECOND, THIRD]),
        ({"text": "0002"}, [SECOND]),
        ({"order_by": "score desc"}, [FIRST, THIRD, SECOND]),
        ({"from_s": "1.3"}, [SECOND, THIRD]),  # the first is over at 1.2 s
        ({"from_s": "1.2", "until_s": "3"}, [FIRST, SECOND]),
        ({"level": "", "code": ""}, [FIRST, SECOND, THIRD]),
    ],
)
def test_a_filter_chooses_events(api, query, expected):
    assert listed(api, **query) == expected


def test_the_time_of_a_filter_counts_from_the_first_frame():
    request = list_request({"from_s": "1.5", "until_s": "2"}, first_ns=1_700_000_000 * SECOND_NS)
    assert request.filter == "end_ns >= 1700000001500000000 AND start_ns <= 1700000002000000000"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"code": 'x" AND level = "high'}, "code"),
        ({"from_s": "nan"}, "from_s"),
        ({"until_s": "1e999"}, "until_s"),
        ({"from_s": "soon"}, "from_s"),
        ({"level": "purple"}, "filter"),
        ({"order_by": "colour"}, "order_by"),
        ({"page_token": "x"}, "page_token"),
    ],
)
def test_a_filter_that_cannot_be_used_is_named(api, query, field):
    assert refusal(api.get("events", query)) == (400, "INVALID_ARGUMENT", [field])


def test_an_event_comes_with_its_pictures_as_they_were_recorded(api, run):
    assert got(api, f"events/{FIRST}")["peak_index"] == 2
    for name, kind in (
        ("frame.png", "image/png"), ("overlay.jpg", "image/jpeg"), ("error_map.png", "image/png"),
    ):  # fmt: skip
        reply = api.get(f"events/{FIRST}/{name}", {})
        recorded = (run / "events" / FIRST / name).read_bytes()
        assert (reply.media_type, reply.content) == (kind, recorded)


@pytest.mark.parametrize(
    "path",
    [
        "events/0099-x", f"events/{FIRST}/event.json", f"events/{FIRST}/clip.mcap", "nothing", "",
        f"events/{FIRST}/frame.png/..", "frames/x.jpg", "frames/-1.jpg", "call/ExplainFrame",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(api, path):
    assert refusal(api.get(path, {}))[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "name", ["..", ".", "..%2f..", "a\0b", "../../etc", ".lock", "é", "a" * 200]
)
def test_no_name_leads_out_of_the_run(api, name):
    for path in (f"events/{name}", f"events/{name}/frame.png", f"events/{name}/clip"):
        assert api.get(path, {}).status in (400, 404)


def test_a_clip_holds_the_event_and_two_seconds_around_it(api, run):
    found = got(api, f"events/{SECOND}/clip")  # frame 5 at 3.0 s; a frame every 0.6 s
    assert (found["peak_index"], [row["index"] for row in found["frames"]]) == (
        5,
        list(range(2, 9)),
    )
    rows = [json.loads(line) for line in (run / "frames.jsonl").read_text().splitlines()]
    assert found["frames"] == rows[2:9]


def test_a_clip_around_any_frame(api):
    assert [row["index"] for row in got(api, "frames/0/clip")["frames"]] == [0, 1, 2, 3]
    assert refusal(api.get("frames/10/clip", {})) == (400, "OUT_OF_RANGE", [])


def marks(stamps):
    return [Mark(index, ns, 0.0, "nominal", 0, 0) for index, ns in enumerate(stamps)]


def test_a_jump_in_time_ends_a_clip():
    stamps = [0, 100, 200, 50, 150]  # the third frame is followed by an earlier stamp
    assert [mark.index for mark in clip(marks(stamps), 1, 1, 1)] == [0, 1, 2]


def test_a_long_clip_is_cut_to_what_surrounds_the_peak():
    found = clip(marks(range(5000)), 1000, 4000, 3000)
    assert (len(found), found[0].index, found[-1].index) == (400, 2800, 3199)


def test_a_frame_is_the_picture_that_the_run_keeps(api):
    reply = api.get("frames/4.jpg", {})
    assert (reply.status, reply.media_type, reply.content[:3]) == (
        200,
        "image/jpeg",
        b"\xff\xd8\xff",
    )


def test_a_run_without_pictures_says_so(tmp_path):
    run = made_run(tmp_path / "run", "nh")
    (run / "run.mcap").unlink()
    with running(run) as server:
        reply = Api(server.asked).get("frames/1.jpg", {})
    assert refusal(reply)[:2] == (400, "FAILED_PRECONDITION")
    assert "only its events have pictures" in json.loads(reply.content)["error"]["text"]


def test_the_course_of_the_risk_keeps_every_peak(api):
    buckets = got(api, "risk", buckets="2")["buckets"]
    assert [(one["frames"], one["max_score"], one["worst_level"]) for one in buckets] == [
        (5, 0.8, "high"), (5, 0.8, "high"),
    ]  # fmt: skip
    assert refusal(api.get("risk", {"buckets": "x"})) == (400, "INVALID_ARGUMENT", ["buckets"])


def test_a_moment_is_the_frame_shown_then(api):
    assert got(api, "moment", s="3.5")["index"] == 5
    assert refusal(api.get("moment", {"s": "-1"}))[:2] == (400, "OUT_OF_RANGE")


def test_the_run_says_what_is_behind_its_numbers(api, server):
    card = got(api, "run")
    assert (card["name"], card["frames"], card["complete"]) == ("run", 10, True)
    assert card["models"] == {"vae_edge": {"sha256": "ab" * 32}}
    assert card["address"] == f"127.0.0.1:{server.port}"
    assert (card["codes"], card["sources"]) == (["corridor.person"], ["street"])
    assert card["methods"][0]["name"] == "reconstruction_error"


def test_a_run_that_is_still_being_recorded_grows(tmp_path):
    run = made_run(tmp_path / "run", "n", complete=False)
    with running(run) as server:
        api = Api(server.asked)
        assert (got(api, "run")["frames"], got(api, "run")["complete"]) == (1, False)
        append(run, made_row(1))
        assert got(api, "run")["frames"] == 2


def test_an_explanation_is_the_one_of_grpc_with_its_pictures(api):
    reply = api.post("call/ExplainFrame", {"event_id": FIRST})
    answer = json.loads(reply.content)
    assert reply.status == 200
    assert [region["verdict"] for region in answer["regions"]] == [
        "lost at encoder.2, dead channel"
    ]
    assert answer["error_map"]["url"].startswith("data:image/png;base64,iVBOR")
    assert answer["models"] == [{"name": "vae_edge", "sha256": "ab" * 32}]


def test_what_stands_out_comes_on_demand(api):
    reply = api.post("call/ExplainFrame", {"index": "2", "method": "eigen_cam"})
    maps = json.loads(reply.content)["network_maps"]
    assert [one["network"] for one in maps][:2] == ["lanes", "segmentation"]
    assert all(one["picture"]["url"].startswith("data:image/png;base64,") for one in maps)


@pytest.mark.parametrize(
    "body",
    [None, 1, "x", [], {"colour": "red"}, {"index": "x"}, {"index": 1e999}, {"event_id": 5},
     {"index": "1", "event_id": "x"}, {}, {"image": "!"}, {"method": "magic", "index": 1}],
)  # fmt: skip
def test_a_question_that_cannot_be_read_is_the_callers_fault(api, body):
    assert refusal(api.post("call/ExplainFrame", body))[:2] == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("name", ["StreamRisk", "DeleteEvent", "__init__", "_call", "", "a/b"])
def test_only_what_is_on_the_list_can_be_called(api, name):
    assert refusal(api.post(f"call/{name}", {}))[:2] == (404, "NOT_FOUND")


def test_a_surprise_is_not_told_to_the_page(api, monkeypatch):
    monkeypatch.setattr("road_clarity.service.web.api.run_card", lambda asked: 1 / 0)
    reply = api.get("run", {})
    assert refusal(reply) == (500, "INTERNAL", [])
    assert b"ZeroDivision" not in reply.content


def test_a_label_is_given_once_and_shows_everywhere(tmp_path):
    with running(made_run(tmp_path / "run")) as server:
        api = Api(server.asked)
        before = got(api, f"events/{FIRST}")
        request = {
            "id": FIRST,
            "label": "EVENT_LABEL_FALSE_ALARM",
            "note": "a shadow",
            "who": "ada",
        }
        answer = json.loads(api.post("call/LabelEvent", request).content)
        (said,) = answer["history"]
        assert (said["who"], said["note"], answer["etag"] != before["etag"]) == (
            "ada",
            "a shadow",
            True,
        )
        assert listed(api, label="FALSE_ALARM") == [FIRST]
        with connected(server) as channel:
            over_grpc = EventServiceStub(channel).GetEvent(GetEventRequest(id=FIRST))
        assert EventLabel.Name(over_grpc.label) == "EVENT_LABEL_FALSE_ALARM"
        late = api.post("call/LabelEvent", request | {"etag": before["etag"]})
        assert refusal(late)[:2] == (409, "ABORTED")


def test_a_page_for_viewers_takes_no_labels(tmp_path):
    with running(made_run(tmp_path / "run"), rules=Rules(local_role=VIEWER)) as server:
        api = Api(server.asked)
        assert "LabelEvent" not in got(api, "run")["calls"]
        assert "ExplainFrame" in got(api, "run")["calls"]
        request = {"id": FIRST, "label": "EVENT_LABEL_TRUE_RISK"}
        assert refusal(api.post("call/LabelEvent", request))[:2] == (403, "PERMISSION_DENIED")
        assert got(api, f"events/{FIRST}")["history"] == []


def test_beside_certificates_the_page_only_looks(tmp_path):
    """Who sits at the machine may be nobody that the certificates know."""
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificates with openssl")
    folder = authority(tmp_path)
    tls = Tls(*(folder / name for name in ("server.pem", "server.key", "ca.pem")))
    server = Server(made_run(tmp_path / "run"), "127.0.0.1:0", tls, made_loaders())
    try:
        calls = got(Api(server.asked), "run")["calls"]
    finally:
        server.stop(0.0)
    assert "LabelEvent" not in calls and "ProbeCounterfactual" in calls


def test_the_page_has_the_limits_of_every_client(tmp_path):
    rules = Rules(calls_per_s=0.001, burst=2)
    with running(made_run(tmp_path / "run"), rules=rules) as server:
        replies = [Api(server.asked).get(f"events/{FIRST}", {}) for _ in range(3)]
    assert [one.status for one in replies] == [200, 200, 429]
    assert replies[2].retry_s is not None and replies[2].retry_s > 60


def test_what_if_is_the_answer_of_grpc(api):
    request = {"index": "2", "interventions": [{"drop_track": "7"}]}
    answer = json.loads(api.post("call/ProbeCounterfactual", request).content)
    assert answer["delta"] == answer["after"]["score"] - answer["before"]["score"] != 0.0
    assert answer["picture"]["url"].startswith("data:image/")


def test_an_event_that_is_opened_is_played_ahead_in_idle_time(api, monkeypatch):
    played = threading.Event()
    monkeypatch.setattr(explain_queue, "QUIET_S", 0.02)
    monkeypatch.setattr(
        MadeProber, "play_ahead", lambda self, frames_from, span, deadline: played.set()
    )
    api.post("call/ExplainFrame", {"event_id": FIRST})
    assert not played.wait(0.1)
    api.post("call/ExplainEvent", {"event_id": FIRST})
    assert played.wait(10.0)


def test_without_pictures_nothing_is_loaded_ahead(tmp_path, monkeypatch):
    run, loaded = made_run(tmp_path / "run"), []
    (run / "run.mcap").unlink()
    monkeypatch.setattr(explain_queue, "QUIET_S", 0.02)
    monkeypatch.setattr("made_run.MadeProber", lambda: loaded.append(1))
    with running(run) as server:
        Api(server.asked).post("call/ExplainEvent", {"event_id": FIRST})
        for _ in range(500):
            if server._queue._worker.idle is None:
                break
            threading.Event().wait(0.01)
        assert (server._queue._worker.idle, loaded) == (None, [])


def test_a_map_comes_with_what_it_is_worth(api):
    request = {"explanation": {"event_id": FIRST, "method": "reconstruction_error"}}
    (found,) = json.loads(api.post("call/ScoreExplanation", request).content)["maps"]
    assert (found["map"], found["verdict"].lower()) == ("error_map", "not_better")


def test_a_comparison_is_the_answer_of_grpc(api):
    request = {"one": {"event_id": FIRST}, "other": {"index": "5"}}
    answer = json.loads(api.post("call/CompareExplanations", request).content)
    (pair,) = answer["maps"]
    assert (pair["one"], pair["other"], pair["top_overlap"]) == ("error_map", "error_map", 1.0)
    assert [one["delta"] for one in answer["shares"]] == [-0.4]
    missing = api.post("call/CompareExplanations", {"one": {"event_id": FIRST}})
    assert refusal(missing) == (400, "INVALID_ARGUMENT", ["other.frame"])


def test_the_world_models_are_those_that_a_memory_was_made_for(api):
    models = json.loads(api.post("call/ListModels", {"page_size": 1000}).content)["models"]
    made_for = {one["name"]: one["made_for"] for one in models}
    assert made_for["lstm_rg_edge"] == "rg_edge" in made_for


def test_an_event_brings_its_own_clip_where_the_run_has_no_pictures(tmp_path):
    run = made_run(tmp_path / "run")
    (run / "run.mcap").unlink()
    with running(run) as server:
        api = Api(server.asked)
        found = got(api, f"events/{SECOND}/clip")
        assert found["peak_index"] in [row["index"] for row in found["frames"]]
        assert len(found["pictures"]) == len(found["frames"]) > 1
        for path in found["pictures"]:
            assert api.get(path, {}).content[:3] == b"\xff\xd8\xff"
        assert refusal(api.get(f"events/{SECOND}/clip/1.jpg", {}))[:2] == (404, "NOT_FOUND")


def test_a_damaged_clip_says_so(tmp_path):
    run = made_run(tmp_path / "run")
    (run / "run.mcap").unlink()
    (run / "events" / FIRST / "clip.mcap").write_bytes(b"cut short")
    with running(run) as server:
        assert refusal(Api(server.asked).get(f"events/{FIRST}/clip", {}))[:2] == (500, "DATA_LOSS")


def test_a_folder_of_events_alone_is_shown_as_well(tmp_path):
    folder = made_events(tmp_path / "evidence", [(0.0, 0.0), (2.0, 0.0)])
    with running(folder) as server:
        api = Api(server.asked)
        card = got(api, "run")
        assert (card["frames"], card["sources"]) == (0, ["street"])
        assert (card["first_ns"], card["last_ns"]) == (0, 10_200_000_000)
        first, second = listed(api)
        assert listed(api, from_s="5") == [second]
        assert got(api, f"events/{first}/clip")["frames"]
        near = json.loads(api.post("call/SearchSimilarEvents", {"event_id": first}).content)
        assert [one["event"]["id"] for one in near["neighbours"]] == [second]
