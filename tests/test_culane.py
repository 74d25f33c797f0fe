"""CULane: the spline, the broad lines, the pairing, the counts, and what is refused."""

from __future__ import annotations

import json
import math
import pickle

import cv2
import numpy as np
import pytest

from road_clarity.cli import main
from road_clarity.evaluation import lane_runs, over_files
from road_clarity.evaluation.culane import CountImage, count, evaluate_predictions
from road_clarity.evaluation.culane_rules import CulaneRules
from road_clarity.evaluation.lane_masks import Canvas, overlap
from road_clarity.models.culane_lines import format_lanes, parse_lanes
from road_clarity.models.errors import BadInput
from road_clarity.models.lane_matching import match
from road_clarity.models.lane_spline import curve
from road_clarity.safety.scene import Lane, Lanes

RULES = CulaneRules()
LEFT = np.array([[400 + 10 * i, 589 - 20 * i] for i in range(10)], np.float32)
RIGHT = LEFT + np.float32([500, 0])


def shifted(lane, px):
    return lane + np.float32([px, 0])


def standing(x, height=200):
    return np.array([[x, 100], [x, 100 + height]], np.float32)


# ---------------------------------------------------------------- the spline


def test_two_points_are_joined_as_they_are():
    assert curve(standing(5)).tolist() == [[5, 100], [5, 300]]


def test_a_straight_lane_stays_straight_with_fifty_steps_between_points():
    line = curve(np.array([[0, 0], [30, 40], [60, 80]], np.float32))
    assert len(line) == 101
    assert line[25].tolist() == pytest.approx([15, 20])
    assert line[-1].tolist() == [60, 80]


def test_the_spline_is_the_natural_one():
    points = np.array([[0, 0], [3, 4], [0, 8], [6, 16]], np.float32)  # chords 5, 5 and 10
    line = curve(points)
    # slopes of x 0.6, -0.6, 0.6:  20 M1 + 5 M2 = -7.2  and  5 M1 + 30 M2 = 7.2
    m1 = -252 / 575
    assert line[25, 0] == pytest.approx(1.5 - m1 * 2.5**2 / 4, abs=1e-5)  # between 0 and 3
    assert line[25, 1] == pytest.approx(2.0)  # y grows with the length: no bend


def test_equal_points_in_a_row_leave_only_the_last():
    line = curve(np.array([[0, 0], [5, 5], [5, 5], [9, 9]], np.float32))
    assert np.isnan(line[:-1]).all()
    assert line[-1].tolist() == [9, 9]


# ---------------------------------------------------------------- broad lines


def canvas(width=200, height=400, lane_width=30):
    return Canvas(width, height, lane_width)


def plain_mask(points, width, height, lane_width):
    picture = np.zeros((height, width), np.uint8)
    pixels = np.rint(points).astype(int).tolist()
    for a, b in zip(pixels, pixels[1:], strict=False):
        cv2.line(picture, a, b, 1, lane_width)
    return picture


@pytest.mark.parametrize("seed", range(20))
def test_a_lane_covers_what_stroke_after_stroke_covers(seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-50, 250) + np.cumsum(rng.normal(0, 15, 12))
    lane = curve(np.stack([x, np.linspace(420, 100, 12)], axis=1).astype(np.float32))
    mask = canvas().draw(lane)
    picture = np.zeros((400, 200), np.uint8)
    height, width = mask.pixels.shape
    picture[mask.top : mask.top + height, mask.left : mask.left + width] = mask.pixels
    assert (picture == plain_mask(lane, 200, 400, 30)).all()
    assert mask.area == picture.sum()


def test_overlap_is_shared_by_joint():
    shared = canvas(lane_width=1)
    one, other = (shared.draw(standing(5, height)) for height in (199, 49))  # 200 and 50 pixels
    assert overlap(one, other) == 0.25
    assert overlap(one, shared.draw(standing(6))) == 0.0


def test_two_lanes_outside_the_picture_cannot_be_compared():
    outside = canvas().draw(standing(5000))
    assert math.isnan(overlap(outside, outside))
    assert overlap(outside, canvas().draw(standing(50))) == 0.0


# ---------------------------------------------------------------- the pairing


def test_the_greatest_total_wins_over_the_greatest_pair():
    assert sorted(match([[0.9, 0.8], [0.8, 0.1]])) == [(0, 1), (1, 0)]


def test_the_shorter_side_is_placed():
    assert sorted(match([[0.1], [0.9], [0.2]])) == [(1, 0)]
    assert sorted(match([[0.1, 0.9, 0.2]])) == [(0, 1)]


def test_within_the_tolerance_the_first_free_lane_is_taken():
    assert match([[0.895, 0.9]]) == [(0, 0)]  # the official program's choice
    assert match([[0.885, 0.9]]) == [(0, 1)]


def test_a_lane_nobody_can_compare_ends_the_pairing():
    assert match([[0.9, 0.2], [math.nan, math.nan]]) == [(0, 0)]
    assert match([[math.nan, math.nan], [0.9, 0.2]]) == []


def test_the_pairing_has_the_greatest_total_but_for_the_tolerance():
    scipy = pytest.importorskip("scipy.optimize", reason="scipy is not installed")
    rng = np.random.default_rng(0)
    for _ in range(50):
        similarity = rng.random(rng.integers(1, 7, 2))
        pairs = match(similarity.tolist())
        best = similarity[scipy.linear_sum_assignment(similarity, maximize=True)].sum()
        assert len(pairs) == min(similarity.shape)
        assert sum(similarity[pair] for pair in pairs) >= best - 0.01 * len(pairs)


# ---------------------------------------------------------------- the counts


def test_the_labels_themselves_are_found():
    assert count([LEFT, RIGHT], [RIGHT, LEFT], RULES)[:3] == (2, 0, 0)


def test_a_lane_beside_the_label_is_both_missed_and_made_up():
    assert count([LEFT], [shifted(LEFT, 8)], RULES)[:3] == (1, 0, 0)
    assert count([LEFT], [shifted(LEFT, 12)], RULES)[:3] == (0, 1, 1)
    assert count([LEFT], [shifted(LEFT, 12)], CulaneRules(iou=0.3))[:3] == (1, 0, 0)


def test_an_overlap_of_just_the_threshold_is_too_little():
    exact = CulaneRules(lane_width=1, iou=0.25)
    assert count([standing(5, 199)], [standing(5, 49)], exact)[:3] == (0, 1, 1)


def test_one_prediction_stands_for_one_label():
    assert count([LEFT, shifted(LEFT, 2)], [LEFT], RULES)[:3] == (1, 0, 1)


def test_no_lanes_are_neither_missed_nor_found():
    assert count([], [LEFT, RIGHT], RULES)[:3] == (0, 2, 0)
    assert count([LEFT], [], RULES)[:3] == (0, 0, 1)
    assert count([], [], RULES)[:3] == (0, 0, 0)


def test_a_labelled_point_is_a_lane_that_nobody_finds():
    assert count([LEFT[:1]], [LEFT], RULES)[:3] == (0, 1, 1)


def test_a_blank_line_is_a_lane_made_up():
    assert count([LEFT], [LEFT, *parse_lanes("\n", "file")], RULES)[:3] == (1, 1, 0)


# ---------------------------------------------------------------- folders


def put(folder, name, *lanes):
    path = folder / f"{name}.lines.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(format_lanes(lanes))
    return path


@pytest.fixture
def drive(tmp_path):
    """Two lanes of which one is found; a crossroad where one is made up; an image left out."""
    truth, found = tmp_path / "truth", tmp_path / "found"
    put(truth, "day/1", LEFT, RIGHT)
    put(found, "day/1", LEFT)
    put(truth, "day/2", LEFT)
    put(truth, "cross/1")
    put(found, "cross/1", LEFT)
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "normal.txt").write_text("/day/1.jpg\nday/2.jpg /label/2.png 1 1 0 0\n")
    (lists / "cross.txt").write_text("/cross/1.jpg\n")
    return found, truth, lists


def test_totals_are_sums_over_images_and_lists(drive):
    found, truth, lists = drive
    scores = evaluate_predictions(found, truth, [lists / "normal.txt", lists / "cross.txt"], RULES)
    assert [scores[key] for key in ("tp", "fp", "fn", "missing")] == [1, 1, 2, 1]
    assert scores["precision"] == 1 / 2
    assert scores["recall"] == 1 / 3
    assert scores["f1"] == pytest.approx(0.4)
    assert scores["lists"]["normal"]["fn"] == 2
    crossroad = scores["lists"]["cross"]
    assert (crossroad["fp"], crossroad["recall"], crossroad["f1"]) == (1, 0.0, 0.0)


def test_a_folder_stands_for_its_lists(drive):
    found, truth, lists = drive
    scores = evaluate_predictions(found, truth, [lists], RULES)
    assert list(scores["lists"]) == ["cross", "normal"]


def test_processes_count_alike(drive):
    found, truth, _ = drive
    work = CountImage(found, truth, RULES)
    names = ["day/1.jpg", "cross/1.jpg"]
    apart = over_files.over_files(work, names, item_s=9.0, processes=2)
    assert apart == [work(name) for name in names]


def test_what_is_wrong_survives_the_way_back_from_a_process():
    back = pickle.loads(pickle.dumps(BadInput("lane", "a:1", "is odd")))
    assert (back.field, back.value, str(back)) == ("lane", "a:1", "lane a:1: is odd")


def test_the_command_prints_the_counts(drive, tmp_path, capsys):
    found, truth, lists = drive
    argv = ["evaluate", "lanes", "--format", "culane", "--predictions", str(found)]
    argv += ["--ground-truth", str(truth), "--list", str(lists), "--json", str(tmp_path / "s.json")]
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["tp"] == 1
    assert json.loads((tmp_path / "s.json").read_text())["fn"] == 2
    assert main([*argv, "--iou", "nan"]) == 2


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("1 2 3", "has 3 numbers; every x needs its y"),
        ("1 2 three 4", 'must be numbers, "x y x y ..."'),
        ("1 2 nan 4", "hold no nan"),
        ("1 2 inf 4", "stay within 1000000 pixels"),
        ("1 2 1e300 4", "stay within 1000000 pixels"),
        ("1 2", "has one point and no length; leave it out"),
    ],
)
def test_a_broken_lane_is_refused_with_its_line(drive, line, sentence):
    found, truth, lists = drive
    path = found / "day/1.lines.txt"
    path.write_text(f"1 2 3 4\n{line}\n")
    with pytest.raises(BadInput, match=f"{path}:2: .*{sentence}"):
        evaluate_predictions(found, truth, [lists], RULES)


def test_points_outside_the_image_are_lanes_that_leave_it():
    assert parse_lanes("-5.5 589 20 569", "file")[0].tolist() == [[-5.5, 589], [20, 569]]


def test_lanes_survive_a_file():
    lanes = parse_lanes(format_lanes([LEFT, RIGHT]), "file")
    assert [lane.tolist() for lane in lanes] == [LEFT.tolist(), RIGHT.tolist()]


def refusal(capsys, found, truth, *lists):
    argv = ["evaluate", "lanes", "--format", "culane", "--predictions", str(found)]
    for one in lists:
        argv += ["--list", str(one)]
    assert main([*argv, "--ground-truth", str(truth)]) == 2
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    return sentence


def test_folders_and_lists_that_are_not_there_are_refused(drive, tmp_path, capsys):
    found, truth, lists = drive
    assert "is not a folder" in refusal(capsys, tmp_path / "none", truth, lists)
    assert "is not a folder" in refusal(capsys, found, lists / "cross.txt", lists)
    assert "does not exist" in refusal(capsys, found, truth, lists / "none.txt")
    assert "without .txt files" in refusal(capsys, found, truth, found)
    assert "with --list" in refusal(capsys, found, truth)
    assert "second that is called cross" in refusal(
        capsys, found, truth, lists, lists / "cross.txt"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00", "is no UTF-8 text"),
        (b"day/1.jpg\nday/7.jpg\n", "of the listed image day/7.jpg does not exist"),
        (b"../../day/1.jpg\n", "must not lead out of the folder"),
    ],
)
def test_a_list_that_cannot_be_followed_is_refused(drive, capsys, content, sentence):
    found, truth, lists = drive
    (lists / "cross.txt").write_bytes(content)
    assert sentence in refusal(capsys, found, truth, lists / "cross.txt")


def test_files_that_are_no_text_are_refused(drive, capsys):
    found, truth, lists = drive
    (found / "day/1.lines.txt").write_bytes(b"\x93NUMPY\xff")
    assert "is no UTF-8 text" in refusal(capsys, found, truth, lists)
    (found / "day/1.lines.txt").unlink()
    (found / "day/1.lines.txt").mkdir()
    assert "a folder is in its place" in refusal(capsys, found, truth, lists)


# ---------------------------------------------------------------- a network's lanes


class Straight:
    """Sees LEFT, led on to the bottom, in every image."""

    def run(self, frame):
        return Lanes(0, (Lane(2, ((400.0, 589.0), (490.0, 409.0)), 0.9),))


def test_lanes_are_sampled_in_every_twentieth_row_from_the_bottom():
    (lane,) = lane_runs.points(Straight().run(None), 590)
    assert lane.tolist() == LEFT.tolist()


def test_a_lane_across_a_single_row_is_left_out():
    short = Lanes(0, (Lane(2, ((400.0, 575.0), (405.0, 560.0)), 0.9),))
    assert lane_runs.points(short, 590) == []


@pytest.fixture
def images(drive):
    _, truth, lists = drive
    black = np.zeros((590, 1640, 3), np.uint8)
    for name in ("day/1", "day/2", "cross/1"):
        cv2.imwrite(str(truth / f"{name}.jpg"), black)
    return truth, lists


def test_a_network_is_scored_by_the_files_it_leaves(images, tmp_path):
    truth, lists = images
    kept = tmp_path / "kept"
    scores = lane_runs.run_culane(Straight(), truth, truth, [lists], RULES, kept)
    assert [scores[key] for key in ("tp", "fp", "fn", "missing")] == [2, 1, 1, 0]
    assert scores == evaluate_predictions(kept, truth, [lists], RULES)
    assert (kept / "day/1.lines.txt").read_text().startswith("400.00 589.00 410.00 569.00 ")


def test_a_run_that_fails_leaves_nothing(images, tmp_path):
    truth, lists = images
    kept, before = tmp_path / "kept", sorted(tmp_path.iterdir())
    (truth / "day/2.jpg").write_bytes(b"no image")
    with pytest.raises(BadInput, match="day/2.jpg: is none"):
        lane_runs.run_culane(Straight(), truth, truth, [lists], RULES, kept)
    cv2.imwrite(str(truth / "day/2.jpg"), np.zeros((288, 800, 3), np.uint8))
    with pytest.raises(BadInput, match="is 800x288, not 1640x590"):
        lane_runs.run_culane(Straight(), truth, truth, [lists], RULES, kept)
    with pytest.raises(BadInput, match="--write .* is there already"):
        lane_runs.run_culane(Straight(), truth, truth, [lists], RULES, truth)
    assert sorted(tmp_path.iterdir()) == before
