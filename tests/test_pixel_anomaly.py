"""Fishyscapes and SegmentMeIfYouCan as they lie on disk, and scores of single pixels."""

import json

import cv2
import numpy as np
import pytest

from road_clarity import cli
from road_clarity.evaluation.detection_scores import from_counts
from road_clarity.evaluation.pixel_anomaly import (
    BINS,
    counted,
    fishyscapes,
    ranks,
    segmentmeifyoucan,
)
from road_clarity.models.errors import BadInput

PICTURE = np.random.default_rng(0).integers(0, 255, (32, 64, 3), dtype=np.uint8)
LABELS = np.zeros((32, 64), np.uint8)
LABELS[8:16, 8:16], LABELS[:, 60:] = 1, 255


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def test_fishyscapes_static_has_labels_beside_the_picture(tmp_path):
    write(tmp_path / "0001_04_Maurener_labels.png", LABELS)
    write(tmp_path / "0001_04_Maurener_rgb.jpg", PICTURE)
    assert fishyscapes(tmp_path) == [
        (tmp_path / "0001_04_Maurener_rgb.jpg", tmp_path / "0001_04_Maurener_labels.png")
    ]


def test_fishyscapes_lost_and_found_numbers_the_picture_of_the_other_set(tmp_path):
    picture = tmp_path / "leftImg8bit" / "test" / "04" / "04_Maurener_000030_leftImg8bit.png"
    write(picture, PICTURE)
    write(tmp_path / "fs" / "0000_04_Maurener_000030_labels.png", LABELS)
    assert fishyscapes(tmp_path)[0][0] == picture


def test_labels_without_their_picture_are_refused(tmp_path):
    write(tmp_path / "0001_x_labels.png", LABELS)
    with pytest.raises(BadInput, match="no picture"):
        fishyscapes(tmp_path)


def test_segmentmeifyoucan_leaves_out_the_hidden_labels(tmp_path):
    track = tmp_path / "dataset_AnomalyTrack"
    write(track / "images" / "shown.jpg", PICTURE)
    write(track / "images" / "hidden.jpg", PICTURE)
    write(track / "labels_masks" / "shown_labels_semantic.png", LABELS)
    assert [picture.name for picture, _ in segmentmeifyoucan(tmp_path)] == ["shown.jpg"]


def test_the_command_scores_pixels(tmp_path, capsys):
    write(tmp_path / "images" / "a.png", PICTURE)
    write(tmp_path / "labels_masks" / "a_labels_semantic.png", LABELS)
    out = tmp_path / "pixels.json"
    assert cli.main(["evaluate", "anomaly", "--format", "segmentmeifyoucan", "--data",
                     str(tmp_path), "--json", str(out)]) == 0  # fmt: skip
    found = json.loads(out.read_text())
    assert (found["pictures"], found["anomalous_pixels"]) == (1, 64)
    assert found["pixels"] == 32 * 60  # the rest does not count
    assert set(found["energy"]) == {"auroc", "ap", "fpr95"}


def test_an_empty_folder_is_refused(tmp_path, capsys):
    code = cli.main(["evaluate", "anomaly", "--format", "fishyscapes", "--data", str(tmp_path)])
    assert code == 2


def test_float16_values_keep_their_order():
    values = np.array([-1e4, -2.5, -0.1, 0.0, 0.1, 3.0, 1e4], np.float32)
    assert (np.diff(ranks(values)) > 0).all()
    assert ranks(values).min() >= 0 and ranks(values).max() < BINS


def test_energy_that_is_higher_on_the_thing_finds_it():
    energy = np.where(LABELS == 1, -1.0, -9.0).astype(np.float32)
    assert from_counts(*counted(energy, LABELS)) == {"auroc": 1.0, "ap": 1.0, "fpr95": 0.0}
