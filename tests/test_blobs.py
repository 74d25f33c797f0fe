"""Candidate objects from a segmentation."""

import numpy as np

from road_clarity.pipeline.blobs import BlobConfig, find_objects
from road_clarity.safety.scene import CLASSES, Segmentation

ROAD, CAR, PERSON = CLASSES.index("Road"), CLASSES.index("Car"), CLASSES.index("Pedestrian")


def street(*objects: tuple[int, slice, slice]) -> Segmentation:
    """A road of 40 x 80 cells seen by a 160 x 80 camera, with (class, rows, columns) on it."""
    classes = np.full((40, 80), ROAD, np.uint8)
    for index, rows, columns in objects:
        classes[rows, columns] = index
    return Segmentation(stamp_ns=0, classes=classes, size=(160, 80))


def test_an_empty_road_has_no_objects():
    assert find_objects(street(), BlobConfig()) == []


def test_a_car_is_boxed_in_pixels_of_the_camera():
    (car,) = find_objects(street((CAR, slice(10, 20), slice(30, 50))), BlobConfig())
    assert (car.label, car.box, car.score) == ("vehicle", (60.0, 20.0, 100.0, 40.0), 1.0)


def test_a_pedestrian_in_front_of_a_car_does_not_belong_to_it():
    scene = street((CAR, slice(10, 20), slice(30, 50)), (PERSON, slice(8, 22), slice(36, 41)))
    labels = [one.label for one in find_objects(scene, BlobConfig())]
    assert labels == ["person", "vehicle", "vehicle"]


def test_a_few_stray_cells_are_not_a_pedestrian():
    assert find_objects(street((PERSON, slice(10, 12), slice(30, 32))), BlobConfig()) == []


def test_the_own_bonnet_is_not_another_vehicle():
    assert find_objects(street((CAR, slice(20, 40), slice(0, 80))), BlobConfig()) == []


def test_two_people_whose_hands_touch_are_two_people():
    left, right = (PERSON, slice(10, 24), slice(20, 28)), (PERSON, slice(10, 24), slice(34, 42))
    hands = (PERSON, slice(16, 19), slice(28, 34))
    people = find_objects(street(left, right, hands), BlobConfig())
    assert [one.label for one in people] == ["person", "person"]
    assert {one.box for one in people} == {(40.0, 20.0, 56.0, 48.0), (68.0, 20.0, 84.0, 48.0)}


def test_a_near_car_and_the_smaller_one_beside_it_are_two():
    near, far = (CAR, slice(8, 22), slice(10, 26)), (CAR, slice(10, 18), slice(30, 40))
    between = (CAR, slice(14, 18), slice(26, 30))
    assert len(find_objects(street(near, far, between), BlobConfig())) == 2


def test_a_long_railing_is_no_vehicle():
    assert find_objects(street((CAR, slice(18, 22), slice(5, 60))), BlobConfig()) == []


def test_one_wide_lorry_without_a_waist_stays_one():
    scene = street((CAR, slice(10, 20), slice(10, 45)))
    assert len(find_objects(scene, BlobConfig())) == 1


def test_the_largest_vehicle_comes_first():
    scene = street((CAR, slice(10, 14), slice(2, 8)), (CAR, slice(10, 20), slice(30, 50)))
    assert [one.box[0] for one in find_objects(scene, BlobConfig())] == [60.0, 4.0]


def test_a_car_that_hides_half_of_the_car_ahead_is_cut_from_it_where_its_wheels_end():
    near, ahead = (CAR, slice(6, 26), slice(10, 34)), (CAR, slice(6, 18), slice(34, 52))
    found = find_objects(street(near, ahead), BlobConfig())
    assert [one.box for one in found] == [(20.0, 12.0, 68.0, 52.0), (68.0, 12.0, 104.0, 36.0)]
