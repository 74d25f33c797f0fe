"""Label images are scored as CamVid, Cityscapes and BDD100K score them."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F
from typer.testing import CliRunner

from road_clarity.evaluation.evaluate_commands import evaluate
from road_clarity.evaluation.label_folders import samples, truths
from road_clarity.evaluation.label_images import (
    CAMVID_NUMBERS,
    IDS,
    LabelImage,
    as_camvid,
    compare,
    joint_counts,
)
from road_clarity.evaluation.segmentation import (
    evaluate_model,
    evaluate_network,
    evaluate_predictions,
)
from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet_input import gaussian, sees_half, smoothed_half
from road_clarity.models.iou import confusion, frequency_iou, iou, mean_iou, pixel_accuracy
from road_clarity.pipeline.weights import names
from road_clarity.training.data_root import find_data_root

DATA = find_data_root()
needs_data = pytest.mark.skipif(DATA is None, reason="ROAD_CLARITY_DATA is not there")
needs_weights = pytest.mark.skipif("lorat_edge" not in names(), reason="lorat_edge is not there")
FRAME = "aachen_000000_000019"


def array(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.uint8)


def save(path, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), labels)


def folders(tmp_path, said, truth):
    """said, truth: name -> label image"""
    for folder, images in (("said", said), ("true", truth)):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, labels in images.items():
            save(tmp_path / folder / name, labels)
    return tmp_path / "said", tmp_path / "true"


def scored(tmp_path, layout, said, truth):
    return evaluate_predictions(*folders(tmp_path, said, truth), layout)


def test_three_of_four_pixels_right_is_an_accuracy_of_three_quarters():
    matrix = confusion(array([0, 0], [1, 1]), array([0, 0], [1, 0]), classes=2)
    assert pixel_accuracy(matrix) == 0.75
    assert iou(matrix).tolist() == pytest.approx([2 / 3, 1 / 2])


def test_void_pixels_do_not_count_whatever_is_said_there():
    matrix = confusion(array([0, 11], [1, 11]), array([0, 1], [1, 0]), classes=2)
    assert (mean_iou(matrix), matrix.sum()) == (1.0, 2)


def test_saying_nothing_about_a_labelled_pixel_is_a_miss():
    matrix = confusion(array([0, 0]), array([0, 255]), classes=2)
    assert (iou(matrix)[0], pixel_accuracy(matrix)) == (0.5, 0.5)


def test_a_class_that_is_nowhere_is_left_out_of_the_mean():
    assert mean_iou(confusion(array([0, 0]), array([0, 0]), classes=3)) == 1.0


def test_a_class_that_is_only_said_counts_as_zero_unless_the_mean_is_of_the_truth():
    matrix = confusion(array([0, 0, 0, 0]), array([0, 0, 0, 1]), classes=2)
    assert (mean_iou(matrix), mean_iou(matrix, of_truth_only=True)) == (0.375, 0.75)


def test_a_class_of_three_quarters_of_the_pixels_weighs_three_times_as_much():
    matrix = confusion(array([0, 0, 0, 1]), array([0, 0, 0, 255]), classes=2)
    assert frequency_iou(matrix) == 0.75


def test_the_joint_histogram_gives_the_confusion_of_the_pixels():
    rng = np.random.default_rng(0)
    truth, said = (rng.integers(0, 12, (40, 50)).astype(np.uint8) for _ in "ab")
    matrix = compare(
        LabelImage("t", truth, CAMVID_NUMBERS), LabelImage("s", said, CAMVID_NUMBERS), 11
    )
    assert (matrix == confusion(truth, said, classes=11)).all()


def test_pixels_are_counted_beyond_the_whole_numbers_of_float32():
    many = np.zeros((1, (1 << 24) + 1), np.uint8)
    assert joint_counts(many, many)[0, 0] == (1 << 24) + 1


def test_a_label_id_of_a_truck_is_a_car_to_camvid_and_the_own_car_is_void():
    assert as_camvid(IDS)[[27, 1, 200]].tolist() == [8, -1, -2]


def test_predictions_are_scored_by_the_name_of_their_file(tmp_path):
    found = scored(tmp_path, "camvid", {"a.png": array([0, 1])}, {"a.png": array([0, 0])})
    assert found == {
        "miou": 0.25, "iou": {"Sky": 0.5, "Building": 0.0}, "pixel_accuracy": 0.5,
        "frequency_iou": 0.5, "classes": "camvid", "images": 1,
    }  # fmt: skip


def test_a_cityscapes_prediction_is_found_by_its_frame_and_read_as_label_ids(tmp_path):
    road, car, void = 7, 26, 0
    found = scored(
        tmp_path, "cityscapes", {f"{FRAME}_leftImg8bit.png": array([road, car, road, void])},
        {f"aachen/{FRAME}_gtFine_labelIds.png": array([road, car, void, car])},
    )  # fmt: skip
    assert found["iou"] == {"road": 1.0, "car": 0.5}


def test_train_ids_are_known_by_their_name(tmp_path):
    found = scored(
        tmp_path, "cityscapes", {f"{FRAME}_gtFine_labelTrainIds.png": array([0, 13])},
        {f"{FRAME}_gtFine_labelIds.png": array([7, 26])},
    )  # fmt: skip
    assert found["iou"] == {"road": 1.0, "car": 1.0}


def test_of_a_cityscapes_folder_only_the_label_ids_are_truth(tmp_path):
    for kind in ("labelIds", "labelTrainIds", "color", "instanceIds"):
        save(tmp_path / f"aachen/{FRAME}_gtFine_{kind}.png", array([7, 7]))
    assert [path.name for path in truths(tmp_path, "cityscapes")] == [
        f"{FRAME}_gtFine_labelIds.png"
    ]


def test_two_predictions_for_one_frame_are_refused(tmp_path):
    said = {f"{FRAME}_a.png": array([7]), f"{FRAME}_b.png": array([7])}
    with pytest.raises(BadInput, match="are all of"):
        scored(tmp_path, "cityscapes", said, {f"{FRAME}_gtFine_labelIds.png": array([7])})


def test_bdd100k_scores_a_missing_prediction_as_void(tmp_path):
    truth = {"a.png": array([0, 0]), "b.png": array([0, 0])}
    found = scored(tmp_path, "bdd100k", {"a.png": array([0, 77])}, truth)
    assert (found["miou"], found["pixel_accuracy"]) == (0.25, 0.25)


WIDE, DEEP = array([0, 1, 1]), np.zeros((1, 2), np.uint16)


@pytest.mark.parametrize(
    ("said", "truth", "sentence"),
    [
        ({}, {"a.png": array([0])}, "no label image for a.png"),
        ({"a.png": WIDE}, {"a.png": array([0, 1])}, "is 3x1, its truth 2x1"),
        ({"a.png": DEEP}, {"a.png": array([0, 1])}, "has 1 channels of uint16"),
        ({"a.png": np.zeros((1, 2, 3), np.uint8)}, {"a.png": array([0, 1])}, "has 3 channels"),
        ({"a.png": array([0, 42])}, {"a.png": array([0, 1])}, "holds 42; known are 0..11"),
        ({"a.png": array([0, 1])}, {"a.png": array([0, 12])}, "holds 12; known are 0..11"),
        ({"a.png": array([0, 1])}, {"a.png": array([11, 255])}, "every pixel of it is void"),
        ({"a.png": array([0, 1])}, {}, "there must be PNG label images in it"),
    ],
)
def test_label_images_that_cannot_be_scored_are_refused(tmp_path, said, truth, sentence):
    with pytest.raises(BadInput, match=sentence):
        scored(tmp_path, "camvid", said, truth)


def test_a_label_image_that_is_no_picture_is_refused(tmp_path):
    said, truth = folders(tmp_path, {}, {"a.png": array([0])})
    (said / "a.png").write_text("not a picture")
    with pytest.raises(BadInput, match="cannot be read as a picture"):
        evaluate_predictions(said, truth, "camvid")


@pytest.mark.parametrize(
    ("layout", "labels"),
    [
        ("camvid", "todayannot"),
        ("cityscapes", "gtFine/today"),
        ("bdd100k", "labels/sem_seg/masks/today"),
    ],
)
def test_a_data_set_without_that_split_is_refused_with_those_it_has(tmp_path, layout, labels):
    (tmp_path / labels).mkdir(parents=True)
    with pytest.raises(BadInput, match="no images of split tomorrow .* there: today"):
        samples(tmp_path, "tomorrow", layout)


def test_bdd100k_keeps_masks_beside_the_images_of_its_ten_thousand(tmp_path):
    save(tmp_path / "images/10k/val/a.jpg", array([0]))
    (sample,) = samples(tmp_path, "val", "bdd100k")
    assert sample.truth == tmp_path / "labels/sem_seg/masks/val/a.png"


def test_phones_see_half_through_the_published_gaussian():
    names = (
        "ffnet_40s_bbb",
        "ffnet_46ns_ccc",
        "ffnet_40s_dbbb",
        "ffnet_46n_cbb",
        "ffnet_150s_bbb_gpu",
    )
    assert [sees_half(name) for name in names] == [True, True, False, False, False]
    assert gaussian().tolist() == pytest.approx([0.0097, 0.2054, 0.5698, 0.2054, 0.0097], abs=1e-4)
    assert smoothed_half(torch.ones(1, 3, 64, 128)).shape == (1, 3, 31, 62)
    assert smoothed_half(torch.ones(1, 3, 8, 8)).sum().item() == pytest.approx(3 * 3 * 2)


def dark_is_road_and_bright_is_sky(images: torch.Tensor) -> torch.Tensor:
    """A network of 19 classes.  (1, 3, H, W) -> (1, 19, H/8, W/8)"""
    bright = F.avg_pool2d(images.mean(dim=1, keepdim=True), 8)
    logits = bright.new_full((1, 19, *bright.shape[2:]), -100.0)
    logits[:, 0], logits[:, 10] = -bright[:, 0], bright[:, 0]
    return logits


@pytest.mark.parametrize("member", ["ffnet_40s_dbbb", "ffnet_40s_bbb"])
def test_a_cityscapes_network_is_scored_in_its_own_classes_at_the_size_of_the_labels(
    tmp_path, member
):
    label = np.full((64, 128), 7, np.uint8)  # road
    label[:, 50:] = 23  # sky
    save(tmp_path / f"gtFine/val/aachen/{FRAME}_gtFine_labelIds.png", label)
    image = np.repeat((label == 23)[..., None] * np.uint8(255), 3, axis=2)
    save(tmp_path / f"leftImg8bit/val/aachen/{FRAME}_leftImg8bit.png", image)
    running = SimpleNamespace(
        network=dark_is_road_and_bright_is_sky, card=SimpleNamespace(architecture=member)
    )
    found = evaluate_network(running, tmp_path, "val", "cityscapes", "cpu")
    assert (found["classes"], found["images"]) == ("cityscapes", 1)
    assert found["iou"] == {"road": pytest.approx(1, abs=0.03), "sky": pytest.approx(1, abs=0.03)}


@needs_weights
def test_weights_of_another_network_are_refused(tmp_path):
    with pytest.raises(BadInput, match="must be an FFNet"):
        evaluate_model("lorat_edge", tmp_path, "val", "camvid")


def test_the_command_writes_the_scores_as_json(tmp_path):
    said, truth = folders(tmp_path, {"a.png": array([0, 1])}, {"a.png": array([0, 1])})
    options = ["--predictions", str(said), "--ground-truth", str(truth)]
    out = tmp_path / "scores.json"
    done = CliRunner().invoke(evaluate, ["segmentation", *options, "--json", str(out)])
    assert (done.exit_code, json.loads(out.read_text())["miou"]) == (0, 1.0)


@needs_data
@pytest.mark.parametrize(
    ("truth", "miou", "road", "sidewalk", "frequency", "accuracy"),
    [
        ("gt", 0.6173469387755102, 0.9489795918, 0.2857142857, 0.9091836734693878, 0.95),
        ("gt+", 0.31911057692307693, 0.484375, 0.153846153846, 0.4645432692307692, 0.475),
    ],
)
def test_the_figures_of_bdd100ks_own_tests(truth, miou, road, sidewalk, frequency, accuracy):
    folder = DATA / "eval_reference/bdd100k/seg"
    found = evaluate_predictions(folder / "pred", folder / truth, "bdd100k")
    keys = ("miou", "frequency_iou", "pixel_accuracy")
    assert [found[key] for key in keys] == pytest.approx([miou, frequency, accuracy], abs=1e-12)
    assert found["iou"] == {"road": pytest.approx(road), "sidewalk": pytest.approx(sidewalk)}
