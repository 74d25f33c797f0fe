"""Places, courses and conflicts on a flat road, worked out by hand.

The camera is 1.4 m high with a focal length of 500 px; the horizon is row 200 of an image of
1000 x 600 pixels, so that a foot in row 200 + 700 / Z is Z metres away.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.conflict import conflict
from road_clarity.safety.courses import Axis, Course, Courses
from road_clarity.safety.ground_plane import Ground, car_path
from road_clarity.safety.monitors.conflicts import conflicts
from road_clarity.safety.scene import Lane, Lanes, Track, Tracks

GROUND = Ground(200.0, 500.0, 1.4, (1000, 600), ((0.0, 600.0), (500.0, 500.0)))
CONFIG = SafetyConfig(corridor_width_m=2.4, front_m=2.0, conflict_gap_m=1.0, conflict_weight=0.8,
                      intrusion_weight=0.2)  # fmt: skip
TENTH = 100_000_000  # [ns]


def person(ahead: float, aside: float, number: int = 7, height: float = 1.7) -> Track:
    """Somebody 0.5 m wide."""
    px = 500.0 / ahead
    x, foot = 500 + aside * px, 200 + 1.4 * px
    box = (x - 0.25 * px, foot - height * px, x + 0.25 * px, foot)
    return Track(number, "person", box, 0.9, 5)


def courses_of(walk) -> tuple[dict, list[Track]]:
    courses, track = Courses(CONFIG), None
    for index, (ahead, aside) in enumerate(walk):
        track = person(ahead, aside)
        found = courses.see(Tracks(index * TENTH, (track,)), GROUND)
    return found, [track]


def likely(walk) -> float:
    found, _ = courses_of(walk)
    return conflict(found[7], "person", CONFIG).likely


def test_a_foot_point_tells_how_far_and_how_far_aside():
    place = GROUND.place(person(10.0, -3.0))
    assert (place.ahead, place.aside) == pytest.approx((10.0, -3.0))


def test_far_places_are_less_sure_than_near_ones():
    errors = [GROUND.place(person(ahead, 0.0)).ahead_error for ahead in (8.0, 16.0, 32.0)]
    assert errors == sorted(errors)


@pytest.mark.parametrize("height", [0.5, 3.0])
def test_a_stripe_of_paint_and_a_lamp_post_are_nobody(height):
    assert GROUND.place(person(10.0, 0.0, height=height)) is None


def test_what_the_border_cuts_off_tells_no_distance():
    assert GROUND.place(person(4.0, 4.0)) is None


def test_the_face_of_a_parked_car_is_at_the_outer_side_of_its_box():
    # rear 10 m ahead from 2.0 to 3.8 m aside, front 15 m ahead: the box begins at the far corner
    box = (500 + 2.0 * 500 / 15, 195.0, 500 + 3.8 * 50, 270.0)
    place = GROUND.place(Track(1, "vehicle", box, 0.9, 5))
    assert place.aside == pytest.approx(3.8 - 1.85 / 2, abs=0.05)


def test_the_path_follows_the_lane_as_far_as_its_lines_are_seen():
    lines = tuple(
        Lane(number, tuple((x + shift, y) for x, y in ((500, 600), (500, 400), (550, 300))), 0.9)
        for number, shift in ((2, -100), (3, 100))
    )
    rows, columns = car_path(Lanes(0, lines), 200.0, (1000, 600))
    assert np.interp([600, 400, 300], rows, columns) == pytest.approx([500, 500, 550], abs=3)


def test_without_lines_the_path_goes_straight_on():
    assert car_path(None, 200.0, (1000, 600)) == ((0.0, 600.0), (500.0, 500.0))


@pytest.mark.claim("conflict")
def test_a_person_before_the_car_is_met():
    assert likely([(20 - i, 0.0) for i in range(8)]) > 0.95


def test_a_person_on_the_pavement_is_not_met():
    assert likely([(20 - i, 5.0) for i in range(8)]) < 0.05


@pytest.mark.claim("conflict")
def test_a_person_who_stands_at_the_kerb_is_less_of_a_conflict_than_one_who_walks_in():
    stands = likely([(22 - i, 3.0) for i in range(8)])
    walks = likely([(22 - i, 3.9 - 0.15 * i) for i in range(8)])
    assert stands < 0.2 < 0.8 < walks


def test_a_person_who_will_have_crossed_when_the_car_comes_is_not_met():
    assert likely([(30 - i, 1.0 - 0.25 * i) for i in range(8)]) < 0.1


@pytest.mark.claim("conflict")
def test_a_person_right_before_the_car_is_met_even_on_the_way_out():
    assert likely([(19 - i, 0.5 - 0.1 * i) for i in range(8)]) > 0.8


def test_a_car_that_keeps_its_distance_is_not_met():
    px = 500.0 / 15
    box = (500 - 0.925 * px, 200 - 0.1 * px, 500 + 0.925 * px, 200 + 1.4 * px)
    courses = Courses(CONFIG)
    for index in range(12):
        found = courses.see(Tracks(index * TENTH, (Track(3, "vehicle", box, 0.9, 5),)), GROUND)
    assert conflict(found[3], "vehicle", CONFIG).likely < 0.1


def test_before_anybody_moved_the_car_is_taken_to_cruise():
    found, _ = courses_of([(20.0, 0.0)])
    assert found[7].ahead.mean.tolist() == pytest.approx([20.0, -10.0])


def test_after_a_jump_of_its_box_a_track_is_somebody_new():
    found, _ = courses_of([(20.0, 0.0), (20.0, 0.0), (20.0, 0.0), (7.0, 0.0)])
    assert found[7].ahead.mean.tolist() == pytest.approx([7.0, -10.0])


def test_a_jump_back_in_time_forgets_every_course():
    courses = Courses(CONFIG)
    for stamp, ahead in ((5, 20.0), (6, 18.0), (1, 30.0)):
        found = courses.see(Tracks(stamp * TENTH, (person(ahead, 0.0),)), GROUND)
    assert found[7].ahead.mean.tolist() == pytest.approx([30.0, -10.0])


def test_what_is_not_followed_is_told_apart():
    found, tracks = courses_of([(12 - i, 0.0) for i in range(5)])
    (cause,) = conflicts(tracks, found, CONFIG)
    unknown = Track(-2, "person", tracks[0].box, 1.0, 1)
    (other,) = conflicts([unknown], {-2: found[7]}, CONFIG)
    assert (cause.code, other.code) == ("corridor.person", "corridor.intrusion")
    assert (cause.points, other.points) == pytest.approx((0.8, 0.2), abs=0.01)


def test_an_unlikely_meeting_does_not_count_and_a_likely_one_counts_in_full():
    """Of many parked cars each is met with a likelihood of some percent; together they are calm."""
    config = replace(CONFIG, conflict_begin=0.2, conflict_full=0.8, collision_weight=0.8)
    axes = (Axis.seen(12.0, 0.1, -10.0, 0.1), Axis.seen(0.0, 0.1, 0.0, 0.1))
    met = Course(0, *axes)
    parked = Course(0, axes[0], Axis.seen(2.9, 0.8, 0.0, 0.0))
    track = Track(3, "vehicle", (0.0, 0.0, 10.0, 10.0), 0.9, 5)
    assert 0.05 < conflict(parked, "vehicle", config).likely < 0.2
    points = [conflicts([track], {3: one}, config)[0].points for one in (met, parked)]
    assert points == pytest.approx([0.8, 0.0])


def test_uncertainty_grows_while_nothing_is_seen():
    spread = Axis.seen(10.0, 0.2, 0.0, 0.2).after(1.0, 2.0).spread
    assert math.sqrt(spread[1, 1]) > 0.2 and np.all(np.linalg.eigvalsh(spread) > 0)
