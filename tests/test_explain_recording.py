"""`road-clarity explain RECORDING --frame N --save DIR`, without a server."""

import json

import cv2
import numpy as np
import pytest
from made_run import made_run
from made_world import made_pair, made_recording

from road_clarity.cli import main
from road_clarity.pipeline import world_account
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.world_account import WorldPair, moment_at


@pytest.fixture(autouse=True)
def tiny_weights(monkeypatch):
    monkeypatch.setattr(WorldPair, "load", lambda name: made_pair())


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return made_recording(tmp_path_factory.mktemp("made") / "drive", 24)


def why(folder):
    return json.loads((folder / "why.json").read_text())


def test_a_frame_of_a_recording_gets_two_sheets_and_two_sentences(recording, tmp_path, capsys):
    save = tmp_path / "out" / "why"
    assert main(["explain", str(recording), "--frame", "20", "--save", str(save)]) == 0
    assert sorted(one.name for one in save.iterdir()) == [
        "predicted.png",
        "redrawn.png",
        "why.json",
    ]
    said, again, *pictures = capsys.readouterr().out.splitlines()
    assert "of the frame's error lies" in said and "before, the frame was" in again
    assert pictures == [str(save / "redrawn.png"), str(save / "predicted.png")]
    assert cv2.imread(pictures[0]).shape[1] == 1000


def test_why_json_says_the_same_in_numbers(recording, tmp_path):
    main(["explain", str(recording), "--frame", "20", "--save", str(tmp_path / "why")])
    said = why(tmp_path / "why")
    assert (said["frame"], said["stamp_ns"]) == (20, 2_000_000_000)
    shares = [one["share"] for one in said["redrawn"]["regions"][0]["maps"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(said["predicted"]["relevance_shares"]) == pytest.approx(1.0)


def test_the_same_frame_gives_the_same_bytes(recording, tmp_path):
    for name in "ab":
        main(["explain", str(recording), "--frame", "12", "--save", str(tmp_path / name)])
    for part in ("redrawn.png", "predicted.png"):
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()


def test_the_first_frames_have_no_prediction_and_say_why(recording, tmp_path, capsys):
    assert main(["explain", str(recording), "--frame", "2", "--save", str(tmp_path / "why")]) == 0
    assert "only 0.2 s come before this frame, and 0.6 s are needed" in capsys.readouterr().out
    assert not (tmp_path / "why" / "predicted.png").exists()


def test_one_image_needs_no_frame_number(recording, tmp_path):
    image = str(recording / "3.png")
    assert main(["explain", image, "--save", str(tmp_path / "why")]) == 0
    assert why(tmp_path / "why")["frame"] == 0


def test_a_run_folder_tells_which_objects_it_tracked(tmp_path):
    run = made_run(tmp_path / "run")
    assert main(["explain", str(run), "--frame", "2", "--save", str(tmp_path / "why")]) == 0
    labels = [one["label"] for one in why(tmp_path / "why")["redrawn"]["regions"]]
    assert labels[0].startswith("person 7")


def test_an_event_folder_knows_its_frame(tmp_path):
    event = made_run(tmp_path / "run") / "events" / "0001-corridor-person"
    assert main(["explain", str(event), "--save", str(tmp_path / "why")]) == 0
    assert why(tmp_path / "why")["frame"] == 2


def test_earlier_sheets_are_replaced(recording, tmp_path):
    for number in ("5", "15"):
        main(["explain", str(recording), "--frame", number, "--save", str(tmp_path / "why")])
    assert why(tmp_path / "why")["frame"] == 15


def test_without_a_folder_the_sentences_are_all(recording, tmp_path, capsys):
    assert main(["explain", str(recording), "--frame", "15", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frame"] == 15


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["{drive}", "--frame", "24"], "frame 24: the recording has 24 frames, from 0 to 23"),
    (["{drive}", "--frame", "-1"], "frame -1: is no frame number; count from 0"),
    (["{drive}", "--frame", "twelve"], "frame twelve: is no frame number; count from 0"),
    (["{drive}"], "frame missing: say which frame of the recording with --frame NUMBER"),
    (["nowhere.mp4", "--frame", "1"], "source nowhere.mp4: does not exist"),
    ([], "name a recording, an event, a frame or a picture"),
])  # fmt: skip
def test_bad_input_is_one_sentence_and_leaves_nothing(
    recording, tmp_path, capsys, arguments, sentence
):
    save = tmp_path / "why"
    told = [one.format(drive=recording) for one in arguments]
    assert main(["explain", *told, "--save", str(save)]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_things_in_it_is_left_alone(recording, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["explain", str(recording), "--frame", "9", "--save", str(tmp_path)]) == 2
    assert "holds other files; name a new folder with --save" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_is_a_file_is_refused(recording, tmp_path, capsys):
    (tmp_path / "why").write_text("")
    told = ["explain", str(recording), "--frame", "9", "--save", str(tmp_path / "why")]
    assert main(told) == 2
    assert "is a file; name another folder with --save" in capsys.readouterr().err


def frames_at(*seconds):
    for number, at in enumerate(seconds):
        yield Frame(number, round(at * 1e9), np.full((8, 8, 3), 10 * number % 200, np.uint8))


def test_steps_between_frames_are_blended():
    steps = moment_at(frames_at(0.0, 0.15, 0.3), 2, 8).steps
    levels = (255 * steps[:, 0, 0, 0]).tolist()
    assert levels == pytest.approx([0.0, 10 * 0.1 / 0.15, 10 + 10 / 3, 20.0], abs=1e-3)


def test_what_came_before_a_gap_does_not_count():
    assert len(moment_at(frames_at(0.0, 0.1, 0.2, 5.0, 5.1), 4, 8).steps) == 2


def test_a_long_recording_is_remembered_for_three_seconds():
    assert len(moment_at(frames_at(*np.arange(100) / 10), 99, 8).steps) == world_account.HISTORY
