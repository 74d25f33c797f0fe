"""What is where: views to learn from, the stage, and what the shipped weights see."""

import cv2
import numpy as np
import pytest
import torch

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage, likeliest
from road_clarity.pipeline.weights import names
from road_clarity.safety.cityscapes import CAMVID_INDEX, CITYSCAPES_CLASSES
from road_clarity.safety.scene import CLASSES
from road_clarity.training.data_root import find_data_root
from road_clarity.training.labelled import VOID, Labelled
from road_clarity.training.street_crops import random_view
from road_clarity.training.street_labels import covered, decide, doubt

DATA = find_data_root()
needs_data = pytest.mark.skipif(DATA is None, reason="ROAD_CLARITY_DATA is not there")
needs_weights = pytest.mark.skipif("ffnet_edge" not in names(), reason="ffnet_edge is not there")
CAR, PERSON, ROAD = (CLASSES.index(name) for name in ("Car", "Pedestrian", "Road"))


def test_every_cityscapes_class_has_a_place_among_camvids():
    pairs = dict(zip(CITYSCAPES_CLASSES, (CLASSES[i] for i in CAMVID_INDEX), strict=True))
    assert (pairs["truck"], pairs["terrain"], pairs["rider"]) == ("Car", "Tree", "Bicyclist")


def test_cityscapes_logits_become_camvid_classes():
    logits = torch.zeros(1, 19, 1, 1)
    logits[0, CITYSCAPES_CLASSES.index("bus")] = 1.0
    assert likeliest(logits, (2, 1)).tolist() == [[CAR, CAR]]


@pytest.mark.parametrize("seed", range(5))
def test_image_and_label_of_a_view_show_the_same_place(seed):
    label = np.zeros((100, 200), np.uint8)
    label[40:70, 60:120] = CAR
    image = np.repeat(cv2.resize(label, (400, 200), interpolation=0)[..., None] * 25, 3, axis=2)
    size = (192, 96)
    view, seen = random_view(Labelled(image, label), size, size, np.random.default_rng(seed))
    inside, outside = view[seen == CAR].mean(), view[seen == 0].mean()
    assert inside - outside > 60


def test_what_lies_beyond_the_image_is_void():
    whole = Labelled(np.zeros((50, 100, 3), np.uint8), np.zeros((50, 100), np.uint8))
    seen = [
        random_view(whole, (96, 48), (32, 16), np.random.default_rng(seed))[1] for seed in range(3)
    ]
    assert all((label == VOID).mean() > 0.3 and (label == 0).any() for label in seen)


def test_a_vehicle_that_the_detector_sees_stays_a_vehicle():
    probabilities = np.zeros((11, 40, 80), np.float32)
    probabilities[ROAD], probabilities[CAR, 10:20, 20:30] = 0.1, 0.9
    doubt(probabilities, (CAR,), np.array([[20, 10, 30, 20]], np.float32))
    assert (decide(probabilities)[10:20, 20:30] == CAR).all()


def test_a_railing_that_only_the_teacher_takes_for_a_vehicle_is_a_railing():
    probabilities = np.zeros((11, 40, 80), np.float32)
    probabilities[CLASSES.index("Fence"), 10:20], probabilities[CAR, 10:20] = 0.45, 0.55
    doubt(probabilities, (CAR,), np.zeros((0, 4), np.float32))
    assert (decide(probabilities)[10:20] == CLASSES.index("Fence")).all()


def test_a_small_vehicle_that_the_detector_may_have_missed_is_void():
    probabilities = np.zeros((11, 40, 80), np.float32)
    probabilities[ROAD], probabilities[CAR, 10:13, 20:24] = 0.1, 0.9
    doubt(probabilities, (CAR,), np.zeros((0, 4), np.float32))
    assert (decide(probabilities)[10:13, 20:24] == VOID).all()


def test_a_box_reaches_a_little_beyond_itself():
    where = covered(np.array([[10, 10, 30, 30]], np.float32), (40, 80))
    assert np.flatnonzero(where[20]).tolist() == list(range(6, 34))


def test_a_box_as_wide_as_the_road_proves_no_vehicle():
    assert not covered(np.array([[0, 10, 60, 30]], np.float32), (40, 80)).any()


@needs_weights
@pytest.mark.parametrize("size", [(320, 240), (1280, 720)])
def test_any_camera_size_gives_the_network_its_resolution(size):
    frame = Frame(3, 42, np.full((size[1], size[0], 3), 90, np.uint8))
    found = SegmentationStage(SegmentationConfig(), "cpu").run(frame)
    assert (found.classes.shape, found.size, found.stamp_ns) == ((256, 512), size, 42)


@needs_weights
@needs_data
def test_the_road_ahead_on_a_highway_is_road():
    image = cv2.imread(str(DATA / "stills/udacity/adv/test2.jpg"))[:, :, ::-1]
    frame = Frame(0, 0, np.ascontiguousarray(image))
    classes = SegmentationStage(SegmentationConfig(), "cpu").run(frame).classes
    assert (classes[180:230, 200:312] == ROAD).mean() > 0.9
