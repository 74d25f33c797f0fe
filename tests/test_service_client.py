"""The commands `events` and `explain` against a server, and what they say when it refuses."""

import json
import os
import signal
import threading
import time

import cv2
import pytest
from made_drive import street
from made_run import made_loaders, made_run

from road_clarity.cli import main
from road_clarity.models.errors import BadInput
from road_clarity.service.commands import events, explain, serve
from road_clarity.service.server import Server

EVENT = "0001-corridor-person"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    run = made_run(tmp_path_factory.mktemp("served") / "run")
    server = Server(run, "127.0.0.1:0", loaders=made_loaders())
    server.start()
    yield f"127.0.0.1:{server.port}"
    server.stop(0.0)


def test_events_are_listed_with_their_first_reason(address, capsys):
    assert events(address=address, filter="level = high") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:3] == [EVENT, "high", "0.80"]
    assert first.endswith("street: person 7 is in the way")


def test_events_as_json_keep_numbers_and_names(address, capsys):
    events(address=address, as_json=True)
    third = json.loads(capsys.readouterr().out)[2]
    assert (third["level"], third["end_ns"]) == ("high", 5_400_000_000)
    assert third["reasons"][0]["region"] == {"x0": 20.0, "y0": 10.0, "x1": 30.0, "y1": 40.0}


def test_no_event_is_said_so(address, capsys):
    events(address=address, filter="score > 0.9")
    assert capsys.readouterr().out == "no events\n"


def test_an_event_is_explained_in_words_and_pictures(address, capsys, tmp_path):
    assert explain(EVENT, out=tmp_path / "why", address=address) == 0
    said = capsys.readouterr().out
    assert f"{EVENT}: high, score 0.80, at 1.20 s" in said
    assert "0.80 corridor.person: person 7 is in the way at (20, 10)..(30, 40)" in said
    assert "25% of the error, 2.5 times the rest: person 7, corridor.person at" in said
    written = sorted(path.name for path in (tmp_path / "why").iterdir())
    assert written == ["error_map.png", "overlay.jpg", "reconstruction.png"]


def test_an_event_gets_sheets_that_know_what_came_before(address, capsys, tmp_path):
    save = str(tmp_path / "why")
    assert main(["explain", EVENT, "--save", save, "--address", address]) == 0
    said = capsys.readouterr().out
    assert f"event {EVENT}, frame 2, 1.20 s: 1 places, number 0 asked about" in said
    assert "after [0, 600000000, 1200000000]" in said
    written = sorted(path.name for path in (tmp_path / "why").iterdir())
    assert written == ["overlay.jpg", "redrawn.png"]


def test_a_picture_from_outside_has_nothing_before_it(address, capsys, tmp_path):
    picture = tmp_path / "street.png"
    cv2.imwrite(str(picture), street(0))
    assert explain(str(picture), method="sheets", address=address) == 0
    assert "a picture: 0 places, number None asked about\nafter [0]\n" in capsys.readouterr().out


def test_what_stands_out_to_the_networks_is_said_and_drawn(address, capsys, tmp_path):
    assert explain(EVENT, out=tmp_path / "why", method="eigen_cam", address=address) == 0
    said = capsys.readouterr().out
    assert "what stands out to lanes: layer norm" in said
    assert "redrawn" not in said
    assert sorted(path.name for path in (tmp_path / "why").iterdir()) == [
        "eigen_cam_lanes.png",
        "eigen_cam_segmentation.png",
        "eigen_cam_tracker_of_person_7_corridor_person.png",
        "overlay.jpg",
    ]


def test_every_map_is_printed_with_what_it_is_worth(address, capsys):
    explain(EVENT, address=address)
    said = capsys.readouterr().out
    assert "map error_map: not better than chance: grey it out (deletion 0.60, by chance" in said
    explain(EVENT, address=address, method="eigen_cam", faithfulness=True)
    assert "  map lanes: not better than chance: grey it out" in capsys.readouterr().out


def test_a_verdict_in_json_is_a_word(address, capsys):
    explain(EVENT, address=address, as_json=True)
    assert json.loads(capsys.readouterr().out)["faithfulness"]["verdict"] == "not_better"


def test_what_if_says_the_change_by_reason(address, capsys):
    assert main(["what-if", "8", "--drop-track", "7", "--address", address]) == 0
    *said, hint = capsys.readouterr().out.splitlines()
    assert said == [
        "recorded  elevated  score 0.40",
        "again     high      score 0.80",
        "what if   nominal   score 0.00",
        "change -0.80, by reason:",
        "  -0.80 corridor.person: 0.80 to 0.00",
    ]
    assert "is not what was recorded" in hint


def test_no_hint_is_given_where_the_run_again_is_the_run(address, capsys):
    assert main(["what-if", "9", "--empty", "tracks", "--address", address]) == 0
    assert "is not what was recorded" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (["--mask", "1,2,3"], "box 1,2,3: write X0,Y0,X1,Y1 in pixels"),
        (["--empty", "radar"], "module radar: use one of lanes, tracks, world"),
        (["--drop-lane", "9"], "interventions[0].drop_lane refused: must be in 1..4"),
        ([], "interventions refused: give 1 to 8 of them"),
    ],
)
def test_what_cannot_be_otherwise_is_one_sentence(address, capsys, option, sentence):
    assert main(["what-if", EVENT, *option, "--address", address]) == 2
    assert sentence in capsys.readouterr().err


def test_a_number_is_a_frame_of_the_run(address, capsys):
    explain("8", address=address, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["recorded"]["index"], answer["event_id"]) == (8, "")
    assert [one["separability"] for one in answer["regions"][0]["layers"]] == [2.0, 0.5, None]


def test_a_file_is_a_picture(address, capsys, tmp_path):
    cv2.imwrite(str(tmp_path / "street.png"), street())
    explain(str(tmp_path / "street.png"), address=address, as_json=True)
    assert json.loads(capsys.readouterr().out)["recorded"] is None


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda a: events(address=a, filter="colour = red"), "filter refused: no field 'colour'"),
        (lambda a: explain("0099-x", address=a), "there is no event 0099-x"),
        (lambda a: explain("99", address=a), "index: no frame of the run, which goes from 0 to 9"),
        (lambda a: events(address="127.0.0.1:1"), "start it with `road-clarity serve RUN_DIR`"),
        (lambda a: events(address="somewhere"), "address somewhere: write HOST:PORT"),
    ],
)
def test_a_refusal_is_one_sentence_with_the_remedy(address, call, sentence):
    with pytest.raises(BadInput) as caught:
        call(address)
    assert sentence in str(caught.value)


def test_pictures_are_not_written_over_a_file(address, tmp_path):
    (tmp_path / "why").write_text("mine")
    with pytest.raises(BadInput, match="output folder"):
        explain(EVENT, out=tmp_path / "why", address=address)
    assert (tmp_path / "why").read_text() == "mine"


def test_the_server_ends_in_an_orderly_way_when_asked(tmp_path, capsys):
    run = made_run(tmp_path / "run", "n")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask_once_it_listens():
        while signal.getsignal(signal.SIGTERM) == before[signal.SIGTERM]:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=ask_once_it_listens, daemon=True).start()
    try:
        assert serve(run, address="127.0.0.1:0") == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert capsys.readouterr().err.startswith(f"serving {run} on 127.0.0.1:0, port ")
