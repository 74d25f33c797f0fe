"""Who is seen but not followed, and where two networks say what cannot both be true.

Segmentations of 20 x 10 cells for an image of 200 x 100 pixels.
"""

import numpy as np
import pytest

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import corridor
from road_clarity.safety.monitors.disagreement import no_road, uncertain
from road_clarity.safety.outline import agrees, is_denied, tells_place
from road_clarity.safety.scene import CLASSES, Lane, Lanes, Segmentation, Track, Tracks
from road_clarity.safety.untracked import Untracked

SIZE = (200, 100)
CONFIG = SafetyConfig(horizon=0.5, uncertain_weight=0.1, no_road_weight=0.15)
ROAD, TREE, CAR, PERSON = (CLASSES.index(name) for name in ("Road", "Tree", "Car", "Pedestrian"))
NOBODY = Tracks(0, ())


def segmentation(what: int | None = None, cells=(slice(0), slice(0)), ground=ROAD, stamp=0):
    classes = np.full((10, 20), ground, np.uint8)
    if what is not None:
        classes[cells] = what
    return Segmentation(stamp, classes, SIZE)


def test_a_person_whom_no_track_explains_is_found_in_the_first_frame():
    seen = Untracked().see(segmentation(PERSON, (slice(3, 8), slice(9, 11))), NOBODY)
    (track,) = seen.tracks
    assert (track.label, track.box, track.id < 0) == ("person", (90, 30, 110, 80), True)


def test_a_person_who_is_followed_is_not_found_again():
    track = Track(4, "person", (88.0, 28.0, 112.0, 82.0), 0.9, 5)
    found = Untracked().see(segmentation(PERSON, (slice(3, 8), slice(9, 11))), Tracks(0, (track,)))
    assert found.tracks == ()


def test_somebody_keeps_the_number_from_frame_to_frame():
    untracked = Untracked()
    for frame, column in enumerate((9, 10, 10)):
        cells = (slice(3, 8), slice(column, column + 2))
        seen = untracked.see(segmentation(PERSON, cells, stamp=frame * 10**8), NOBODY)
    assert [(one.id, one.age) for one in seen.tracks] == [(-2, 3)]


def test_somebody_who_comes_after_a_second_is_somebody_new():
    untracked, cells = Untracked(), (slice(3, 8), slice(9, 11))
    ids = [untracked.see(segmentation(PERSON, cells, stamp=s), NOBODY).tracks[0].id
           for s in (0, 10**9)]  # fmt: skip
    assert ids == [-2, -3]


def test_a_row_of_parked_cars_is_not_one_vehicle():
    cells = (slice(4, 7), slice(0, 14))
    assert Untracked().see(segmentation(CAR, cells), NOBODY).tracks == ()


def test_a_box_that_drifted_off_its_car_tells_no_place():
    seen = segmentation(CAR, (slice(3, 7), slice(2, 8)))
    track = Track(1, "vehicle", (70.0, 30.0, 130.0, 70.0), 0.9, 5)
    assert not tells_place(track, seen)


def test_a_person_whom_the_segmentation_misses_has_a_place_in_spite_of_that():
    walker = Track(1, "person", (90.0, 30.0, 110.0, 80.0), 0.9, 5)
    car = Track(2, "vehicle", (90.0, 30.0, 110.0, 80.0), 0.9, 5)
    assert tells_place(walker, segmentation())
    assert not tells_place(car, segmentation())


def test_a_loose_box_about_its_car_tells_its_place():
    seen = segmentation(CAR, (slice(3, 7), slice(7, 13)))
    assert agrees(Track(1, "vehicle", (60.0, 25.0, 140.0, 80.0), 0.9, 5), seen)


@pytest.mark.parametrize(("last_row", "tells"), [(4, False), (6, True)])
def test_a_box_that_has_taken_in_the_crossing_before_the_car_tells_no_place(last_row, tells):
    """Ten rows of pixels to a cell: the box ends in cell 8, the car in cell 4, or in cell 6."""
    seen = segmentation(CAR, (slice(1, last_row + 1), slice(7, 13)))
    track = Track(1, "vehicle", (70.0, 10.0, 130.0, 90.0), 0.9, 5)
    assert agrees(track, seen)
    assert tells_place(track, seen) == tells


def test_a_person_of_whom_the_segmentation_sees_nothing_is_denied():
    walker = Track(1, "person", (90.0, 30.0, 110.0, 80.0), 0.9, 5)
    assert is_denied(walker, segmentation())
    assert not is_denied(walker, segmentation(PERSON, (slice(3, 5), slice(9, 11))))


def test_a_track_ahead_that_the_segmentation_denies_is_uncertain():
    strip = corridor(None, SIZE, CONFIG)
    ahead = Track(1, "vehicle", (80.0, 50.0, 120.0, 80.0), 0.9, 5)
    beside = Track(2, "vehicle", (0.0, 50.0, 10.0, 80.0), 0.9, 5)
    (cause,) = uncertain(Tracks(0, (ahead, beside)), segmentation(), strip, CONFIG)
    assert (cause.code, cause.points, cause.who) == ("track.uncertain", 0.1, 1)


@pytest.mark.parametrize(("ground", "points"), [(ROAD, 0.0), (CAR, 0.0), (TREE, 0.15)])
def test_a_lane_on_a_meadow_is_a_disagreement(ground, points):
    lines = Lanes(0, tuple(
        Lane(number, ((x, 100.0), (100 + (x - 100) / 2, 75.0), (100.0, 50.0)), 0.9)
        for number, x in ((2, 40.0), (3, 160.0))
    ))  # fmt: skip
    strip = corridor(lines, SIZE, CONFIG)
    (cause,) = no_road(lines, segmentation(ground=ground), strip, CONFIG)
    assert (cause.code, cause.points) == ("lane.no_road", points)


def test_without_a_lane_there_is_nothing_to_disagree_about():
    strip = corridor(None, SIZE, CONFIG)
    assert no_road(Lanes(0, ()), segmentation(ground=TREE), strip, CONFIG) == []
