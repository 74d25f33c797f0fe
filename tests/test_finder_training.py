"""What the object finder is told about a view, and how its boxes are scored."""

import numpy as np
import pytest
import torch

from road_clarity.models.detections import Detection
from road_clarity.models.fastest_det import KINDS, Cells, corners
from road_clarity.training.finder_data import (
    ALL_KNOWN,
    MOST,
    NOBODY,
    PEOPLE_KNOWN,
    PERSON,
    VEHICLE,
    VIEW,
    Seen,
    Views,
    in_view,
    whole_view,
)
from road_clarity.training.finder_loss import assigned, generalised_iou, known_loss, taught_loss
from road_clarity.training.finder_score import area, judged


def views(*objects, known=ALL_KNOWN):
    """One view with objects (kind, box)."""
    boxes, kinds = torch.zeros(1, MOST, 4), torch.full((1, MOST), NOBODY)
    for place, (kind, box) in enumerate(objects):
        boxes[0, place], kinds[0, place] = torch.tensor(box), kind
    image = torch.zeros(1, VIEW[1], VIEW[0], 3, dtype=torch.uint8)
    return Views(image, boxes, kinds, torch.tensor([known]))


def cells(objectness=-4.0, coco=0):
    """10 x 10 cells that all say the same: a box of a tenth of the picture around their corner."""
    raw = torch.zeros(1, 4, 10, 10)
    raw[:, 2:] = -2.1972246  # sigmoid: 0.1
    classes = torch.zeros(1, 80, 10, 10)
    classes[:, coco] = 10.0
    shape = torch.full((1, 10, 10), objectness)
    return Cells(shape.sigmoid(), corners(raw), classes)


def test_the_cells_around_the_centre_that_box_it_better_answer():
    wanted, kinds = assigned(cells(), views((PERSON, (0.46, 0.46, 0.56, 0.56))))
    assert kinds.tolist() == [PERSON, PERSON]
    assert sorted(zip(*(part.tolist() for part in wanted.cells), strict=True))[0] == (0, 5, 5)
    assert float(wanted.objectness[0, 5, 5]) == pytest.approx(0.81 / 1.19, abs=1e-4)
    assert int(wanted.counts.sum()) == 98  # two of the four around it are left alone


def test_nobody_has_to_see_a_speck_and_nobody_is_blamed_for_it():
    wanted, kinds = assigned(cells(), views((PERSON, (0.5, 0.5, 0.505, 0.51))))
    assert kinds.tolist() == []
    assert int(wanted.counts.sum()) == 96


def test_an_empty_street_costs_least_where_nothing_is_said():
    quiet, loud = (known_loss(cells(o), cells(), views()) for o in (-8.0, 2.0))
    assert float(quiet) < 1e-3 < float(loud)


def test_a_vehicle_that_nobody_labelled_is_no_mistake():
    car = cells(3.0, coco=2)
    people_only = known_loss(car, car, views(known=PEOPLE_KNOWN))
    everything = known_loss(car, car, views(known=ALL_KNOWN))
    assert float(people_only) == 0.0
    assert float(everything) > 1.0


def test_who_says_what_the_teacher_says_has_nothing_to_learn():
    assert float(taught_loss(cells(3.0), cells(3.0))) == pytest.approx(0.0, abs=1e-5)
    assert float(taught_loss(cells(3.0), cells(3.0, coco=2))) > 1.0


def test_boxes_far_apart_overlap_less_than_nothing():
    a, b = torch.tensor([0.0, 0.0, 1.0, 1.0]), torch.tensor([3.0, 0.0, 4.0, 1.0])
    assert float(generalised_iou(a, a)) == pytest.approx(1.0)
    assert float(generalised_iou(a, b)) == pytest.approx(-0.5)


def test_a_mirrored_view_mirrors_its_boxes():
    mirrored = np.array([[-1 / VIEW[0], 0, 1.0], [0, 1 / VIEW[1], 0]])
    found, left = in_view(np.array([[0.1, 0.2, 0.3, 0.6]]), mirrored)
    assert found[0].tolist() == pytest.approx([0.7, 0.2, 0.9, 0.6])
    assert left.tolist() == [0]


def test_who_is_mostly_outside_the_view_is_not_in_it():
    shifted = np.array([[1 / VIEW[0], 0, 0.2], [0, 1 / VIEW[1], 0]])
    found, _ = in_view(np.array([[0.1, 0.2, 0.25, 0.6]]), shifted)
    assert len(found) == 0


def test_a_whole_picture_keeps_its_boxes():
    image = np.zeros((100, 200, 3), np.uint8)
    seen = Seen(image, np.array([[20, 10, 40, 50]], np.float32), np.array([VEHICLE]), ALL_KNOWN)
    view = whole_view(seen)
    assert view.image.shape == (288, 512, 3)
    assert view.boxes[0].tolist() == pytest.approx([0.1, 0.1, 0.2, 0.5])
    assert view.kinds[:2].tolist() == [VEHICLE, NOBODY]


def detection(score, box, label="person"):
    return Detection(label, box, score)


def test_a_second_box_on_the_same_person_is_wrong():
    there = (0.1, 0.1, 0.2, 0.5)
    view = Views(*(one[0] for one in views((PERSON, there))))
    said = [detection(0.9, there), detection(0.8, there), detection(0.7, (0.6, 0.1, 0.7, 0.5))]
    assert judged(said, view, PERSON) == ([(0.9, True), (0.8, False), (0.7, False)], 1)


def test_average_precision_of_a_hit_a_miss_and_a_hit_of_three():
    assert area([0.9, 0.8, 0.7], [True, False, True], 3) == pytest.approx(1 / 3 + 2 / 9)
    assert np.isnan(area([0.9], [False], 0))


def test_kinds_are_those_of_the_training():
    assert list(KINDS) == ["person", "vehicle"]
    assert (PERSON, VEHICLE) == (0, 1)
