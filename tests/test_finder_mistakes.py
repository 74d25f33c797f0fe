"""What the finder's second recipe takes for a mistake, and who is there unsaid."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from road_clarity.models.detections import Detection
from road_clarity.models.errors import BadInput
from road_clarity.training.finder_data import (
    ALL_KNOWN,
    MOST,
    NOBODY,
    PERSON,
    VEHICLE,
    WHOLE,
    Seen,
    Views,
    as_boxes,
    random_view,
)
from road_clarity.training.finder_mistakes import began, wrong
from road_clarity.training.pets_untold import WALKER, untold

THERE = (0.1, 0.1, 0.2, 0.5)


def view(box=THERE, kind=PERSON, asked=True):
    """Of one road user."""
    boxes, kinds = torch.zeros(MOST, 4), torch.full((MOST,), NOBODY)
    boxes[0], kinds[0] = torch.tensor(box), kind
    image = torch.zeros(WHOLE[1], WHOLE[0], 3, dtype=torch.uint8)
    return Views(image, boxes, kinds, torch.tensor(ALL_KNOWN), (kinds != NOBODY) & asked)


def said(score, box=THERE):
    return Detection("person", box, score)


def test_who_is_surely_seen_is_no_mistake_and_who_is_hardly_seen_is():
    assert wrong([said(0.8)], view()).tolist() == []
    assert wrong([said(0.57)], view())[0].tolist() == pytest.approx(THERE)
    assert wrong([], view())[0].tolist() == pytest.approx(THERE)


def test_boxes_where_nobody_is_and_a_second_one_on_somebody_are_mistakes():
    nobody, second = (0.6, 0.1, 0.7, 0.5), (0.11, 0.1, 0.2, 0.5)
    found = wrong([said(0.9), said(0.8, second), said(0.7, nobody)], view())
    assert found.tolist() == [pytest.approx(second), pytest.approx(nobody)]


def test_a_person_that_is_called_a_vehicle_is_two_mistakes():
    assert len(wrong([said(0.9)], view(kind=VEHICLE))) == 2


def test_a_box_near_somebody_who_need_not_be_found_is_no_mistake():
    near = (0.15, 0.1, 0.25, 0.5)  # a third of both
    assert wrong([said(0.9, near)], view(asked=False)).tolist() == []
    assert len(wrong([said(0.9, near)], view())) == 2


def test_a_miss_of_somebody_too_small_to_be_seen_is_none():
    low, high = (0.1, 0.1, 0.2, 0.1 + 19 / WHOLE[1]), (0.1, 0.1, 0.2, 0.1 + 21 / WHOLE[1])
    assert [len(wrong([], view(box))) for box in (low, high)] == [0, 1]


def test_views_are_aimed_at_mistakes_more_often_than_at_anybody_else():
    image = np.zeros((384, 672, 3), np.uint8)
    image[350:, 640:] = 255  # only what lies in this corner is white
    people = as_boxes([(0, 0, 20, 40)])
    seen = Seen(image, people, np.array([PERSON]), ALL_KNOWN, np.array([True]))
    again = replace(seen, mistakes=as_boxes([(650, 360, 660, 370)]))
    shown = [
        sum(
            (random_view(one, np.random.default_rng(n)).image.float().amax() > 200).item()
            for n in range(40)
        )
        for one in (seen, again)
    ]
    assert shown[0] == 0 and shown[1] >= 6


def test_a_run_goes_on_from_the_weights_that_it_began_with(tmp_path):
    start, out = tmp_path / "start.safetensors", tmp_path / "out"
    with pytest.raises(BadInput, match="cannot be read"):
        began(start, out)
    save_file({"weight": torch.ones(1)}, start)
    kept = began(start, out).read_bytes()
    save_file({"weight": torch.zeros(1)}, start)  # published over it
    assert began(start, out).read_bytes() == kept


def test_the_walker_on_the_lawn_is_where_he_was_seen():
    box = untold({}, 96)[0]
    assert box == (240 - WALKER[0] / 2, 76 - WALKER[1] / 2, 240 + WALKER[0] / 2, 76 + WALKER[1] / 2)
    assert untold({}, 75) == []


def test_who_leaves_the_picture_is_still_there_for_a_moment_unsaid():
    steps = {200 + n: {"a": (700 + 5 * n, 100, 730 + 5 * n, 180)} for n in range(8)}
    (x0, y0, x1, y1), *others = untold(steps, 209)
    assert (x0, y0, x1, y1, others) == (745, 100, 768, 180, [])
    assert untold(steps, 207) == []  # told
    assert untold(steps, 212) == [(760, 100, 768, 180)]
    assert untold(steps, 214) == []  # outside
