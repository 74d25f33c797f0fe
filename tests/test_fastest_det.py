"""The detector: what cells say becomes boxes, and the published weights say what they published."""

import cv2
import numpy as np
import pytest
import torch

from road_clarity.models.detections import detections, overlaps, suppressed, voted
from road_clarity.models.fastest_det import Cells, FastestDet, corners, resized
from road_clarity.training.data_root import find_data_root

DATA = find_data_root()


def cells(objectness, boxes, classes):
    """One row of cells; classes: COCO number each."""
    logits = torch.full((1, 80, 1, len(objectness)), -20.0)
    logits[0, classes, 0, range(len(classes))] = 20.0
    return Cells(torch.tensor([[objectness]]), torch.tensor([[boxes]]), logits)


def test_it_has_as_many_weights_as_published():
    network = FastestDet()
    assert sum(p.numel() for p in network.parameters()) == 244_490
    assert len(network.state_dict()) == 420


def test_a_cell_that_says_nothing_special_boxes_half_the_picture_around_its_corner():
    found = corners(torch.zeros(1, 4, 2, 4))
    assert found[0, 1, 2].tolist() == pytest.approx([0.25, 0.25, 0.75, 0.75])


def test_a_box_is_as_many_pixels_large_in_a_picture_of_another_size():
    said = cells([0.5], [[0.4, 0.3, 0.6, 0.7]], [0])  # 20 x 40 px in a picture of 100 x 100
    shown = resized(said, learnt=(100, 100), shown=(100, 200))
    assert shown.boxes[0, 0, 0].tolist() == pytest.approx([0.45, 0.3, 0.55, 0.7])
    assert shown.objectness is said.objectness


def test_of_two_boxes_on_one_person_the_surer_stays_and_a_car_stays_beside_it():
    box, near = [0.1, 0.1, 0.2, 0.5], [0.1, 0.12, 0.2, 0.52]
    said = detections(cells([0.5, 0.9, 0.7], [near, box, box], [0, 0, 2]), least=0.3)[0]
    assert [(one.label, round(one.score, 3)) for one in said] == [
        ("person", 0.939), ("vehicle", 0.807),
    ]  # fmt: skip
    assert said[1].box == pytest.approx(box)


def test_cells_that_box_the_same_person_vote_by_their_scores():
    boxes, scores = np.array([[0, 0, 10, 10], [0, 2, 10, 12]], np.float32), np.array([2, 1])
    assert voted(boxes[0], boxes, scores.astype(np.float32)).tolist() == pytest.approx(
        [0, 0.4, 10, 10.4]  # squares of the scores, 4 : 1
    )


def test_a_box_without_extent_votes_for_itself():
    thin = np.array([[3, 3, 3, 3]], np.float32)
    assert voted(thin[0], thin, np.ones(1, np.float32)).tolist() == [3, 3, 3, 3]


def test_what_is_neither_person_nor_vehicle_is_nobody():
    dog = 16
    assert detections(cells([0.9], [[0.1, 0.1, 0.2, 0.5]], [dog]), least=0.3) == [[]]


def test_a_doubtful_box_is_none():
    assert detections(cells([0.1], [[0.1, 0.1, 0.2, 0.5]], [0]), least=0.3) == [[]]


def test_boxes_that_overlap_by_a_third_both_stay():
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [1, 0, 11, 10]], np.float32)
    assert overlaps(boxes[0], boxes[1:]).tolist() == pytest.approx([5 / 15, 9 / 11])
    assert suppressed(boxes) == [0, 1]


def test_a_wheel_is_no_second_car_but_what_hides_the_car_is_somebody():
    car, wheel, before = [0, 0, 40, 20], [2, 10, 10, 18], [-8, 0, 4, 30]
    assert suppressed(np.array([car, wheel, before], np.float32)) == [0, 2]
    assert suppressed(np.array([wheel, car], np.float32)) == [0, 1]


@pytest.mark.skipif(DATA is None, reason="needs the published weights in ROAD_CLARITY_DATA")
def test_the_published_weights_answer_as_their_onnx_file():
    onnxruntime = pytest.importorskip("onnxruntime")
    network = FastestDet().eval()
    path = DATA / "weights"
    state = torch.load(path / "fastestdet_280epoch.pth", map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    image = np.random.default_rng(0).integers(0, 255, (44, 44, 3), np.uint8)
    large = cv2.resize(image, (352, 352), interpolation=cv2.INTER_CUBIC)
    x = torch.from_numpy(large).permute(2, 0, 1)[None].float() / 255
    session = onnxruntime.InferenceSession(str(path / "FastestDet.onnx"))
    (theirs,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.inference_mode():
        ours = network(x)
    assert np.abs(ours.objectness[0].numpy() - theirs[0, 0]).max() < 1e-5
    assert np.abs(ours.classes.softmax(1)[0].numpy() - theirs[0, 5:]).max() < 1e-5
    boxes = corners(torch.from_numpy(theirs[:, 1:5]))
    assert (ours.boxes - boxes).abs().max() < 1e-5
