"""What the object finder is told about a view, and how its boxes are scored."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from road_clarity.models.detections import Detection
from road_clarity.models.fastest_det import (
    KINDS,
    PUBLISHED_SIZE,
    Cells,
    FastestDet,
    corners,
    resized,
)
from road_clarity.training import finder_streets
from road_clarity.training.finder import say_in_parts_of_the_whole
from road_clarity.training.finder_data import (
    ALL_KNOWN,
    MOST,
    NOBODY,
    PEOPLE_KNOWN,
    PERSON,
    VEHICLE,
    VIEW,
    WHOLE,
    Seen,
    Views,
    aimed,
    in_view,
    whole_view,
)
from road_clarity.training.finder_loss import assigned, generalised_iou, known_loss, taught_loss
from road_clarity.training.finder_score import area, judged
from road_clarity.training.finder_streets import is_shown, slivers, street_pictures
from road_clarity.training.simulator.ground_truth import Instance


def views(*objects, known=ALL_KNOWN, asked=True):
    """One view with objects (kind, box)."""
    boxes, kinds = torch.zeros(1, MOST, 4), torch.full((1, MOST), NOBODY)
    for place, (kind, box) in enumerate(objects):
        boxes[0, place], kinds[0, place] = torch.tensor(box), kind
    image = torch.zeros(1, VIEW[1], VIEW[0], 3, dtype=torch.uint8)
    return Views(image, boxes, kinds, torch.tensor([known]), (kinds != NOBODY) & asked)


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


def test_nobody_has_to_see_who_is_hidden_and_nobody_is_blamed_for_it():
    hidden = views((PERSON, (0.5, 0.5, 0.505, 0.51)), asked=False)
    wanted, kinds = assigned(cells(), hidden)
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
    found, left = in_view(np.array([[0.1, 0.2, 0.3, 0.6]]), mirrored, VIEW)
    assert found[0].tolist() == pytest.approx([0.7, 0.2, 0.9, 0.6])
    assert left.tolist() == [0]


def test_who_is_mostly_outside_the_view_is_not_in_it():
    shifted = np.array([[1 / VIEW[0], 0, 0.2], [0, 1 / VIEW[1], 0]])
    found, _ = in_view(np.array([[0.1, 0.2, 0.25, 0.6]]), shifted, VIEW)
    assert len(found) == 0


def picture(*boxes, kind=VEHICLE, asked=True):
    """A picture of 100 x 200 with these boxes."""
    count = len(boxes)
    found = np.array(boxes, np.float32)
    image = np.zeros((100, 200, 3), np.uint8)
    return Seen(image, found, np.full(count, kind), ALL_KNOWN, np.full(count, asked))


def test_a_whole_picture_keeps_its_boxes():
    view = whole_view(picture((20, 10, 40, 50)))
    assert view.image.shape == (WHOLE[1], WHOLE[0], 3)
    assert view.boxes[0].tolist() == pytest.approx([0.1, 0.1, 0.2, 0.5])
    assert view.kinds[:2].tolist() == [VEHICLE, NOBODY]
    assert view.asked[:2].tolist() == [True, False]


def test_nobody_has_to_see_a_speck_or_whom_the_picture_asks_for_not():
    speck, hidden = picture((20, 10, 21, 12)), picture((20, 10, 40, 50), asked=False)
    assert not whole_view(speck).asked.any()
    assert not whole_view(hidden).asked.any()
    assert whole_view(hidden).kinds[0] == VEHICLE


def test_a_view_that_is_aimed_at_somebody_holds_the_middle_of_the_box():
    whole = np.array([[1 / WHOLE[0], 0, 0], [0, 1 / WHOLE[1], 0]])
    for seed in range(20):
        placed = aimed(whole, np.array([0.9, 0.9, 0.96, 1.0]), np.random.default_rng(seed))
        low, high = placed @ [0, 0, 1], placed @ [*VIEW, 1]
        assert (low < [0.93, 0.95]).all() and (high > [0.93, 0.95]).all()


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


def test_who_need_not_be_found_is_neither_a_hit_nor_a_miss():
    there = (0.1, 0.1, 0.2, 0.5)
    view = Views(*(one[0] for one in views((PERSON, there), asked=False)))
    assert judged([detection(0.9, there)], view, PERSON) == ([], 0)


def instance(label, model, box, pixels, ahead):
    return Instance(1, label, model, box, pixels, ahead, 0.0, (0.0, 0.0))


def test_a_leg_behind_a_car_need_not_be_found_but_half_a_figure_that_steps_out_must():
    # at 20.5 m and 600 px of focal length an adult of 1.75 m x 0.55 m is 52.5 px x 16.5 px
    whole = instance("person", "adult", (100.0, 100.0, 116.0, 152.0), 400, 20.5)
    half = instance("person", "adult", (100.0, 100.0, 106.0, 152.0), 150, 20.5)
    leg = instance("person", "adult", (100.0, 135.0, 116.0, 152.0), 120, 20.5)
    speck = instance("person", "adult", (100.0, 100.0, 102.0, 152.0), 90, 20.5)
    assert [is_shown(one, 600.0) for one in (whole, half, leg, speck)] == [True, True, False, False]


def test_streets_are_rendered_once_and_a_clip_cut_off_is_rendered_again(tmp_path, monkeypatch):
    walker = instance("person", "adult", (100.0, 100.0, 116.0, 152.0), 400, 20.5)
    truth = SimpleNamespace(instances=(walker,), camera=SimpleNamespace(focal_px=600.0))
    rendered = []

    def pictures(scenario, seed):
        rendered.append(seed)
        image = np.full((36, 64, 3), (250, 5, 5), np.uint8)
        return [SimpleNamespace(image=image, stamp_ns=0, truth=truth)]

    monkeypatch.setattr(finder_streets, "pictures", pictures)
    for _ in range(2):
        (seen,) = street_pictures([("crossing", 3000)], tmp_path)
    assert rendered == [3000]
    assert seen.image[0, 0].tolist() == [250, 5, 5]
    assert (seen.boxes.tolist(), seen.asked.tolist()) == ([list(walker.box)], [True])
    (tmp_path / "crossing_3000.json").unlink()  # it is written last
    assert len(list(street_pictures([("crossing", 3000)], tmp_path))) == 1
    assert rendered == [3000, 3000]


def test_a_sliver_of_a_vehicle_need_not_be_found_a_thin_person_must():
    boxes = np.array([[0, 0, 10, 30], [0, 0, 20, 30], [0, 0, 10, 30]], np.float32)
    kinds = np.array([VEHICLE, VEHICLE, PERSON])
    assert slivers(boxes, kinds).tolist() == [True, False, False]


def test_the_published_weights_begin_with_the_sizes_that_they_know():
    network, asked = FastestDet().eval(), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        network.detect_head.reg_layers.conv5x5[-1].bias[2:4] = -3.0  # small, as objects are
        before = resized(network(asked), PUBLISHED_SIZE, (64, 96)).boxes
        say_in_parts_of_the_whole(network)
        after = resized(network(asked), FastestDet.input_size, (64, 96)).boxes
    told, kept = ((one[..., 2:] - one[..., :2]).mean((0, 1, 2)) for one in (before, after))
    assert kept.tolist() == pytest.approx(told.tolist(), rel=0.1)


def test_kinds_are_those_of_the_training():
    assert list(KINDS) == ["person", "vehicle"]
    assert (PERSON, VEHICLE) == (0, 1)
