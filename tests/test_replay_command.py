"""Bad input from the command line: code 2, one sentence with the remedy, nothing left behind."""

import pytest
from made_drive import write_video

from road_clarity.cli import main

VIDEO = "drive.mp4"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder with one good video."""
    monkeypatch.chdir(tmp_path)
    return write_video(tmp_path / VIDEO).parent


def run(capsys, *arguments):
    """(exit code, stdout, lines of stderr)"""
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err.splitlines()


@pytest.mark.parametrize(("arguments", "says"), [
    (["nowhere.mp4"], "does not exist"),
    (["empty.mp4"], "is empty"),
    (["text.mp4"], "is no video"),
    (["cut.mp4"], "is cut short"),
    (["text.mcap"], "cannot be read"),
    (["no_images"], "holds no images"),
    ([VIDEO, "--preset", "sporty"], "use one of edge"),
    ([VIDEO, "--set", "safety.hihg=0.5"], "fields of safety"),
    ([VIDEO, "--set", "safety.high=7"], "must be in"),
    ([VIDEO, "--device", "abacus"], "not available here"),
    ([VIDEO, "--speed", "9"], "No such option"),
    ([VIDEO, "--max-frames", "0"], "max-frames"),
])  # fmt: skip
def test_bad_input_to_replay(place, capsys, arguments, says):
    (place / "empty.mp4").touch()
    (place / "text.mp4").write_text("hello road\n" * 99)
    (place / "text.mcap").write_text("hello road\n" * 99)
    (place / "cut.mp4").write_bytes((place / VIDEO).read_bytes()[:-300])
    (place / "no_images").mkdir()
    before = sorted(place.rglob("*"))
    code, out, err = run(capsys, "replay", *arguments, "--out", "out")
    assert (code, out, len(err)) == (2, "", 1)
    assert says in err[0]
    assert sorted(place.rglob("*")) == before


def test_results_of_somebody_else_are_not_overwritten(place, capsys):
    code, _, err = run(capsys, "replay", VIDEO, "--out", str(place))
    assert code == 2
    assert "holds other files" in err[0]


def test_record_says_what_it_wrote_and_does_not_overwrite(place, capsys):
    code, out, _ = run(capsys, "record", VIDEO, "bag")
    assert (code, out.split(":")[1]) == (
        0, " 5 frames on /camera/image_raw/compressed and /camera/camera_info\n",
    )  # fmt: skip
    code, _, err = run(capsys, "record", VIDEO, "bag")
    assert code == 2
    assert "already exists" in err[0]


def test_a_field_of_view_must_be_an_angle_in_front_of_the_camera(place, capsys):
    code, _, err = run(capsys, "record", VIDEO, "bag", "--fov", "180")
    assert code == 2
    assert "between 0 and 180" in err[0]
    assert [path.name for path in place.iterdir()] == [VIDEO]
