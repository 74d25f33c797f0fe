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
from road_clarity.safety.courses import Course, Courses
from road_clarity.safety.ground_plane import Ground, car_path
from road_clarity.safety.hiding import Hidden, hidden
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
    view = GROUND.view(person(10.0, -3.0))
    assert math.exp(-view.by_foot) == pytest.approx(10.0)
    assert view.column * 10.0 / 500.0 == pytest.approx(-3.0)


def test_far_places_are_less_sure_than_near_ones():
    errors = [courses_of([(ahead, 0.0)])[0][7].errors[0] for ahead in (8.0, 16.0, 32.0)]
    assert errors == sorted(errors)


@pytest.mark.parametrize("height", [0.5, 3.0])
def test_a_stripe_of_paint_and_a_lamp_post_are_nobody(height):
    assert GROUND.view(person(10.0, 0.0, height=height)) is None


def test_of_whom_the_border_cuts_off_a_side_the_other_side_tells_the_place():
    """0.6 m wide is usual at this height; of that the outer half is out of the picture."""
    whole = person(4.0, 4.0)
    box = (whole.box[0], whole.box[1], 1000.0, whole.box[3])
    cut = replace(whole, box=box)
    view = GROUND.view(cut, hidden(cut, [cut], (1000, 600)))
    assert view.column * 4.0 / 500.0 == pytest.approx(4.0, abs=0.1)


def test_a_vehicle_that_the_border_cuts_off_has_no_place():
    assert GROUND.view(Track(1, "vehicle", (800.0, 150.0, 1000.0, 400.0), 0.9, 5)) is None


def test_the_face_of_a_parked_car_is_at_the_outer_side_of_its_box():
    # rear 10 m ahead from 2.0 to 3.8 m aside, front 15 m ahead: the box begins at the far corner
    box = (500 + 2.0 * 500 / 15, 195.0, 500 + 3.8 * 50, 270.0)
    view = GROUND.view(Track(1, "vehicle", box, 0.9, 5))
    assert view.column * 10.0 / 500.0 == pytest.approx(3.8 - 1.85 / 2, abs=0.1)


def test_a_parked_car_whose_outer_side_is_hidden_is_placed_by_its_far_corner():
    box = (500 + 2.0 * 500 / 14.4, 195.0, 500 + 2.6 * 50, 270.0)
    view = GROUND.view(Track(1, "vehicle", box, 0.9, 5), Hidden(right=True))
    assert view.column * 10.0 / 500.0 == pytest.approx(2.0 + 1.85 / 2, abs=0.1)


def test_in_a_row_of_parked_cars_the_nearer_one_hides_the_outer_side_of_the_next():
    near = Track(1, "vehicle", (560.0, 180.0, 800.0, 350.0), 0.9, 5)
    far = Track(2, "vehicle", (530.0, 190.0, 600.0, 260.0), 0.9, 5)
    assert hidden(far, [near, far], (1000, 600)) == Hidden(right=True)
    assert hidden(near, [near, far], (1000, 600)) == Hidden()


def test_whose_feet_are_hidden_is_not_placed_anew_but_may_move_aside():
    """Only the head and shoulders are seen over the bonnet of a parked car: small, and high up."""
    courses = Courses(CONFIG)
    for index in range(6):
        whole = person(20.0, -4.0 + 0.15 * index)
        x0, top, x1, foot = whole.box
        seen = whole if index < 3 else replace(whole, box=(x0, top, x1, foot - 14.0))
        car = Track(9, "vehicle", (x0 - 30, foot - 14.0, x1 + 30, foot + 4.0), 0.9, 5)
        present = (seen,) if index < 3 else (seen, car)
        found = courses.see(Tracks(index * TENTH, present), GROUND)
    ahead, aside, _, _ = found[7].metres
    assert ahead == pytest.approx(20.0, rel=0.2) and aside > -3.9


def car(ahead: float, tall: float, number: int = 1, aside: float = 0.0) -> Track:
    """Two metres wide."""
    px = 500.0 / ahead
    x, foot = 500 + aside * px, 200 + 1.4 * px
    return Track(number, "vehicle", (x - px, foot - tall * px, x + px, foot), 0.9, 5)


def test_what_was_seen_of_a_vehicles_size_fades_and_of_a_persons_hardly():
    """In a row of parked cars a box hops to the next one, which may be twice as tall."""
    course = Course.known(20.0, 0.0, 0.0, 0.0, (0.1, 0.1, 0.1, 0.1))
    later = {
        label: math.sqrt(course.after(3_000_000_000, label, 600).spread[4, 4])
        for label in ("vehicle", "person")
    }
    assert later == pytest.approx({"vehicle": 0.297, "person": 0.061}, abs=0.002)


def test_a_vehicle_whose_foot_is_hidden_is_not_placed_at_first():
    """What hides it is nearer, and met before it."""
    near, far = car(10.0, 1.5, number=1), car(14.0, 2.3, number=2)
    found = Courses(CONFIG).see(Tracks(0, (near, far)), GROUND)
    assert set(found) == {1}


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
    assert found[7].metres[[0, 2]].tolist() == pytest.approx([20.0, -10.0], rel=0.02)


def test_after_a_jump_of_its_box_a_track_is_somebody_new():
    found, _ = courses_of([(20.0, 0.0), (20.0, 0.0), (20.0, 0.0), (7.0, 0.0)])
    assert found[7].metres[[0, 2]].tolist() == pytest.approx([7.0, -10.0], rel=0.02)


def test_a_jump_back_in_time_forgets_every_course():
    courses = Courses(CONFIG)
    for stamp, ahead in ((5, 20.0), (6, 18.0), (1, 30.0)):
        found = courses.see(Tracks(stamp * TENTH, (person(ahead, 0.0),)), GROUND)
    assert found[7].metres[[0, 2]].tolist() == pytest.approx([30.0, -10.0], rel=0.02)


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
    met = Course.known(12.0, 0.0, -10.0, 0.0, (0.1, 0.1, 0.1, 0.1))
    parked = Course.known(12.0, 2.9, -10.0, 0.0, (0.1, 0.8, 0.1, 0.1))
    track = Track(3, "vehicle", (0.0, 0.0, 10.0, 10.0), 0.9, 5)
    assert 0.05 < conflict(parked, "vehicle", config).likely < 0.2
    points = [conflicts([track], {3: one}, config)[0].points for one in (met, parked)]
    assert points == pytest.approx([0.8, 0.0])


def test_uncertainty_grows_while_nothing_is_seen():
    now = Course.known(10.0, 0.0, 0.0, 0.0, (0.2, 0.2, 0.2, 0.2))
    then = now.after(1_000_000_000, "person", 600)
    assert (then.errors > now.errors).all() and np.all(np.linalg.eigvalsh(then.spread) > -1e-12)


def test_a_course_goes_on_as_the_metres_do():
    now = Course.known(20.0, 2.0, -8.0, -1.0, (0.1, 0.1, 0.1, 0.1))
    then = now.after(1_000_000_000, "person", 600)
    assert then.metres.tolist() == pytest.approx([12.0, 1.0, -8.0, -1.0])


def test_a_child_seems_farther_than_it_is_and_is_met_no_later_for_that():
    """Its size misleads about place and speed alike; the time until it is met stays right."""
    courses = Courses(CONFIG)
    for index in range(20):
        child = replace(person(30.0 - index, 0.0, height=1.3))
        found = courses.see(Tracks(index * TENTH, (child,)), GROUND)
    ahead, _, ahead_mps, _ = found[7].metres
    assert -ahead / ahead_mps == pytest.approx(1.1, rel=0.15)


def test_a_single_weak_sighting_counts_less_than_a_track():
    found, (track,) = courses_of([(20 - i, 0.0) for i in range(8)])
    new = replace(track, confidence=0.5, age=1)
    points = [conflicts([one], found, CONFIG)[0].points for one in (track, new)]
    assert points == pytest.approx([0.8, 0.4], abs=0.05)


def test_of_whom_the_segmentation_sees_nothing_is_believed_less():
    found, (track,) = courses_of([(20 - i, 0.0) for i in range(8)])
    (cause,) = conflicts([track], found, CONFIG, denied={7})
    assert cause.points == pytest.approx(0.72, abs=0.01)  # instead of 0.8
