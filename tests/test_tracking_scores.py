"""Trackers are scored as OTB, LaSOT, GOT-10k and TLD score them."""

import json

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from road_clarity.evaluation.evaluate_commands import evaluate as command
from road_clarity.evaluation.tracking import (
    SingleTarget,
    bounded,
    evaluate,
    evaluate_predictions,
    lorat,
)
from road_clarity.evaluation.tracking_scores import (
    PROTOCOLS,
    joined,
    judge,
    mean_scores,
    overlaps,
    weighted,
)
from road_clarity.evaluation.tracking_sequences import read_sequences
from road_clarity.models.errors import BadInput
from road_clarity.models.lorat import Lorat, Regions
from road_clarity.models.vit import VitSize
from road_clarity.pipeline.lorat_tracker import LoratTracker
from road_clarity.pipeline.weights import names
from road_clarity.training.data_root import find_data_root

DATA = find_data_root()
needs_data = pytest.mark.skipif(DATA is None, reason="ROAD_CLARITY_DATA is not there")
needs_weights = pytest.mark.skipif("ffnet_edge" not in names(), reason="ffnet_edge is not there")
BOX, FAR_OFF, NONE = [1.0, 1.0, 11.0, 11.0], [51.0, 51.0, 61.0, 61.0], [np.nan] * 4


def boxes(*rows: list[float]) -> np.ndarray:
    return np.array(rows, float)


def scores(layout: str, said: np.ndarray, truth: np.ndarray) -> dict[str, float | None]:
    return judge(said, truth, PROTOCOLS[layout]).scores()


def moved(*pixels: float) -> np.ndarray:
    """The box, that far to the right in each frame."""
    return boxes(*([1.0 + p, 1.0, 11.0 + p, 11.0] for p in pixels))


def still(frames: int) -> np.ndarray:
    return moved(*[0.0] * frames)


def test_half_covered_boxes_overlap_by_a_third():
    assert overlaps(moved(5), still(1)).tolist() == [pytest.approx(1 / 3)]


def test_boxes_without_area_do_not_overlap():
    assert overlaps(boxes([3, 3, 3, 3]), boxes([3, 3, 3, 3])).tolist() == [0.0]


@pytest.mark.parametrize("layout", PROTOCOLS)
def test_a_perfect_tracker_succeeds_at_every_threshold_below_one(layout):
    found = scores(layout, still(3), still(3))
    assert found["success_auc"] == pytest.approx(20 / 21)
    perfect = {key: value for key, value in found.items() if key != "success_auc"}
    assert set(perfect.values()) == {1.0}


def test_twenty_pixels_are_precise_and_twenty_one_are_not():
    assert scores("tld", moved(20, 21), still(2))["precision"] == 0.5


def test_a_fifth_of_the_width_is_precise_when_normalised():
    found = scores("tld", moved(2, 2.15, 6), still(3))
    assert found["normalised_precision"] == pytest.approx(1 / 3)
    # of the 51 thresholds, 31 let 0.2 pass, 29 let 0.215 pass, none 0.6
    assert found["normalised_precision_auc"] == pytest.approx((31 + 29) / 51 / 3)


def test_height_and_width_normalise_their_own_axis():
    truth = boxes([1.0, 1.0, 11.0, 101.0])
    assert scores("tld", truth + [0, 15, 0, 15], truth)["normalised_precision"] == 1.0
    assert scores("tld", truth + [15, 0, 15, 0], truth)["normalised_precision"] == 0.0


def test_success_rates_are_of_overlaps_above_a_half_and_three_quarters():
    said = boxes([1, 1, 6, 11], [1, 1, 7, 11], [1, 1, 8.5, 11], [1, 1, 9, 11])  # .5 .6 .75 .8
    found = scores("tld", said, still(4))
    assert (found["sr_50"], found["sr_75"], found["ao"]) == (0.75, 0.25, pytest.approx(0.6625))


def test_otb_gives_the_first_box():
    assert scores("otb", boxes(FAR_OFF, BOX), still(2))["ao"] == 1.0


@pytest.mark.parametrize("unusable", [NONE, [5.0, 5.0, 5.0, 9.0]])
def test_otb_takes_the_answer_before_an_unusable_one(unusable):
    assert scores("otb", boxes(BOX, BOX, unusable, unusable), still(4))["ao"] == 1.0


def test_a_true_box_at_pixel_zero_is_never_hit_but_always_precise_in_otb():
    truth = boxes(BOX, [0.0, 1.0, 10.0, 11.0])
    assert scores("otb", truth, truth)["success_auc"] == pytest.approx(10 / 21)
    assert scores("otb", boxes(BOX, FAR_OFF), truth)["precision"] == 1.0


def test_a_frame_without_the_target_is_a_miss_in_lasot_and_nothing_in_tld():
    truth = boxes(BOX, NONE)
    assert scores("lasot", still(2), truth)["precision"] == 0.5
    assert scores("tld", still(2), truth)["precision"] == 1.0


def test_got10k_does_not_count_the_first_frame():
    assert scores("got10k", moved(0, 0, 50), still(3))["ao"] == 0.5


def test_got10k_means_are_over_frames_and_success_over_sequences():
    long, short = still(5), still(2)
    each = [
        judge(moved(0, 0, 0, 0, 0), long, PROTOCOLS["got10k"]),
        judge(moved(0, 50), short, PROTOCOLS["got10k"]),
    ]
    found = mean_scores(each, PROTOCOLS["got10k"])
    assert (found["ao"], found["precision"]) == (pytest.approx(4 / 5), 0.5)


def test_repeated_runs_count_as_one_long_run():
    runs = [judge(moved(0, p), still(2), PROTOCOLS["got10k"]) for p in (0, 50)]
    assert joined(runs).scores()["ao"] == 0.5


def test_tld_fits_the_first_answer_to_the_first_true_box():
    said = boxes([1, 1, 6, 6], [21, 21, 26, 26])  # half the size: fitted, the second is where it is
    truth = boxes([1, 1, 11, 11], [18.5, 18.5, 28.5, 28.5])
    found = scores("tld", said, truth)
    assert (found["tld_precision"], found["tld_recall"], found["tld_f"]) == (1.0, 1.0, 1.0)


def test_tld_corners_are_pixels_that_belong_to_the_box():
    truth = boxes([1, 1, 1, 1], [1, 1, 1, 1])  # of one pixel
    assert scores("tld", truth, truth)["tld_recall"] == 1.0


def test_tld_counts_answers_where_nobody_is_against_precision_only():
    found = scores("tld", boxes(BOX, BOX, NONE, NONE), boxes(BOX, NONE, BOX, NONE))
    assert (found["tld_precision"], found["tld_recall"], found["tld_f"]) == (0.5, 0.5, 0.5)


def test_the_precision_of_no_answers_is_unknown_and_left_out_of_the_mean():
    silent = judge(boxes(NONE, NONE), still(2), PROTOCOLS["tld"])
    assert silent.scores()["tld_precision"] is None
    sure = judge(still(2), still(2), PROTOCOLS["tld"])
    assert mean_scores([silent, sure], PROTOCOLS["tld"])["tld_precision"] == 1.0
    assert weighted([None], np.ones(1)) is None


def test_got10k_keeps_the_width_of_a_box_that_hangs_over_the_left_edge():
    inside = bounded(boxes([-10, 0, 20, 10], [90, 0, 130, 10]), (100, 50))
    assert inside.tolist() == [[0, 0, 30, 10], [90, 0, 100, 10]]


# ------------------------------------------------------------------------------------- from disk


def tracker() -> LoratTracker:
    torch.manual_seed(0)
    regions = Regions(template_px=28, search_px=56, search_factor=4.0)
    return LoratTracker(Lorat(VitSize(width=12, depth=1, heads=2), regions).eval(), "cpu")


def pictures(folder, count):
    folder.mkdir(parents=True)
    for index in range(count):
        cv2.imwrite(str(folder / f"{index:04}.jpg"), np.zeros((60, 80, 3), np.uint8))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_an_otb_folder_is_read_and_scored(tmp_path):
    pictures(tmp_path / "Crossing" / "img", 3)
    write(tmp_path / "Crossing/groundtruth_rect.txt", "10,10,20,30\n11\t10\t20\t30\n12 10 20 30\n")
    (sequence,) = read_sequences(tmp_path, "otb")
    assert sequence.boxes[1].tolist() == [11.0, 10.0, 31.0, 40.0]
    found = evaluate(SingleTarget(tracker()), [sequence], "otb")
    assert list(found["sequences"]) == ["Crossing"]
    assert found["mean"]["fps"] > 0


def test_several_targets_of_one_otb_folder_are_several_sequences(tmp_path):
    for number in (1, 2):
        write(tmp_path / f"Jogging/groundtruth_rect.{number}.txt", f"{number},1,2,2\n")
    assert [one.name for one in read_sequences(tmp_path, "otb")] == ["Jogging.1", "Jogging.2"]


def test_the_boxes_of_otbs_david_begin_at_picture_300(tmp_path):
    pictures(tmp_path / "David" / "img", 301)
    write(tmp_path / "David/groundtruth_rect.txt", "1,1,2,2\n" * 2)
    (sequence,) = read_sequences(tmp_path, "otb")
    assert [path.name for path in sequence.pictures] == ["0299.jpg", "0300.jpg"]


def test_an_absent_target_of_tld_is_nan(tmp_path):
    write(tmp_path / "gt.txt", "1,2,3,4\nNaN,NaN,NaN,NaN\n")
    (sequence,) = read_sequences(tmp_path, "tld")
    assert np.isnan(sequence.boxes).any(axis=1).tolist() == [False, True]


def test_lasot_lies_two_folders_deep_and_says_who_is_out_of_view(tmp_path):
    folder = tmp_path / "car" / "car-1"
    write(folder / "groundtruth.txt", "1,1,2,2\n1,1,2,2\n1,1,2,2\n")
    write(folder / "out_of_view.txt", "0,1,0")
    write(folder / "full_occlusion.txt", "0,0,1")
    (sequence,) = read_sequences(tmp_path, "lasot")
    assert sequence.name == "car-1"
    assert np.isnan(sequence.boxes[:, 0]).tolist() == [False, True, True]


def test_got10k_results_are_read_with_their_repetitions_and_times(tmp_path):
    truth = tmp_path / "val" / "GOT_1"
    write(truth / "groundtruth.txt", "1,1,10,10\n1,1,10,10\n")
    write(truth / "cover.label", "8\n8\n")
    write(truth / "meta_info.ini", "[METAINFO]\nresolution: (100, 50)\n")
    for number, x in ((1, 1), (2, 60)):
        write(tmp_path / f"out/GOT_1/GOT_1_00{number}.txt", f"1,1,10,10\n{x},1,10,10\n")
    write(tmp_path / "out/GOT_1/GOT_1_time.txt", "0.1,0.1\n0.1,0.1\n")
    sequences = read_sequences(tmp_path / "val", "got10k")
    found = evaluate_predictions(tmp_path / "out", sequences, "got10k", None)["sequences"]["GOT_1"]
    assert (found["ao"], found["fps"]) == (0.5, pytest.approx(10.0))


def otb_pair(tmp_path, said):
    write(tmp_path / "data/Walk/groundtruth_rect.txt", "1,1,10,10\n1,1,10,10\n")
    if said is not None:
        write(tmp_path / "out/Walk.txt", said)
    (tmp_path / "out").mkdir(exist_ok=True)
    sequences = read_sequences(tmp_path / "data", "otb")
    return evaluate_predictions(tmp_path / "out", sequences, "otb", None)


def test_predictions_without_times_have_no_rate(tmp_path):
    found = otb_pair(tmp_path, "1 1 10 10\n51\t1\t10\t10\n")
    assert found["sequences"]["Walk"]["fps"] is found["mean"]["fps"] is None
    assert found["mean"]["precision"] == 0.5


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (None, "has no Walk.txt"),
        ("", "is empty"),
        ("1,1,10,10\n", "has 1 boxes; the sequence has 2 frames"),
        ("1,1,10,10\n" * 3, "has 3 boxes; the sequence has 2 frames"),
        ("1,1,10,10\n1,1,ten,10\n", "must be four numbers"),
        ("1,1,10\n1,1,10\n", "must be four numbers"),
        ("1,1,10,10\n1,1,-3,10\n", "line 2: has a negative size"),
        ("1,1,10,10\n1,-inf,inf,10\n", "line 2: must be finite"),
    ],
)
def test_a_prediction_that_cannot_be_scored_is_refused(tmp_path, said, sentence):
    with pytest.raises(BadInput, match=sentence):
        otb_pair(tmp_path, said)


@pytest.mark.parametrize(
    ("layout", "files", "sentence"),
    [
        ("otb", {"groundtruth_rect.txt": "10,10,20\n"}, "four numbers"),
        ("otb", {"groundtruth_rect.txt": " \n"}, "is empty"),
        ("otb", {}, "no folder with groundtruth_rect"),
        ("tld", {"gt.txt": "NaN,NaN,NaN,NaN\n"}, "the target is in no frame"),
        (
            "lasot",
            {"groundtruth.txt": "1,1,2,2\n", "out_of_view.txt": "0,0"},
            "must be 1 times 0 or 1",
        ),
    ],
)
def test_a_truth_that_says_nothing_is_refused(tmp_path, layout, files, sentence):
    for name, text in files.items():
        write(tmp_path / name, text)
    with pytest.raises(BadInput, match=sentence):
        read_sequences(tmp_path, layout)


@pytest.mark.parametrize(("count", "sentence"), [(0, "no pictures"), (2, "2 pictures for 3 boxes")])
def test_a_sequence_whose_pictures_are_missing_is_refused_before_it_is_run(
    tmp_path, count, sentence
):
    pictures(tmp_path / "img", count)
    write(tmp_path / "groundtruth_rect.txt", "1,1,9,9\n" * 3)
    with pytest.raises(BadInput, match=sentence):
        evaluate(SingleTarget(tracker()), read_sequences(tmp_path, "otb"), "otb")


def test_an_empty_truth_beside_others_is_refused_and_an_empty_second_target_is_none(tmp_path):
    for name, text in (
        ("Human4/groundtruth_rect.1.txt", ""),
        ("Human4/groundtruth_rect.2.txt", "1,1,2,2"),
    ):
        write(tmp_path / name, text)
    assert [one.name for one in read_sequences(tmp_path, "otb")] == ["Human4"]
    write(tmp_path / "Walk/groundtruth_rect.txt", "")
    with pytest.raises(BadInput, match="Walk/.* is empty"):
        read_sequences(tmp_path, "otb")


def test_one_file_cannot_answer_for_two_sequences(tmp_path):
    for name in ("Walk", "Run"):
        write(tmp_path / f"{name}/groundtruth_rect.txt", "1,1,2,2\n")
    write(tmp_path / "said.txt", "1,1,2,2\n")
    with pytest.raises(BadInput, match="is one file for 2 sequences"):
        evaluate_predictions(tmp_path / "said.txt", read_sequences(tmp_path, "otb"), "otb", None)


@needs_weights
def test_weights_of_another_network_are_refused():
    with pytest.raises(BadInput, match="must be a LoRAT"):
        lorat("ffnet_edge", "cpu")


def test_a_truth_that_ends_with_its_first_frame_is_refused_for_got10k(tmp_path):
    write(tmp_path / "data/groundtruth.txt", "1,1,9,9\n")
    write(tmp_path / "out/data.txt", "1,1,9,9\n")
    sequences = read_sequences(tmp_path / "data", "got10k")
    with pytest.raises(BadInput, match="no frame after the first"):
        evaluate_predictions(tmp_path / "out", sequences, "got10k", None)


@needs_data
@pytest.mark.parametrize(
    ("sequence", "tracker", "overlap", "detection"),
    [
        ("04_pedestrian2", "TLD1.0", 0.71, (0.89, 0.92, 0.91)),
        ("04_pedestrian2", "coGD", 0.69, (0.72, 0.92, 0.81)),
        ("04_pedestrian2", "SemiBoost", 0.51, (0.85, 0.71, 0.77)),
        ("06_car", "TLD1.0", 0.66, (0.92, 0.97, 0.94)),
        ("06_car", "coGD", 0.55, (0.95, 0.96, 0.96)),
    ],
)
def test_the_figures_of_the_trackers_that_tld_ships(
    tmp_path, sequence, tracker, overlap, detection
):
    data, out = DATA / "tracking/tld", tmp_path / "scores.json"
    options = ["--format", "tld", "--data", f"{data / sequence}", "--predictions", str(data)]
    more = ["--tracker", tracker, "--json", str(out)]
    assert CliRunner().invoke(command, ["tracking", *options, *more]).exit_code == 0
    mean = json.loads(out.read_text())["mean"]
    assert mean["ao"] == pytest.approx(overlap, abs=0.005)
    found = [mean[key] for key in ("tld_precision", "tld_recall", "tld_f")]
    assert found == pytest.approx(detection, abs=0.006)
