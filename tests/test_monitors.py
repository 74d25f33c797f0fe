"""What speaks against a calm road: drawn scenes of 100 x 100 pixels, worked out by hand.

The lane lines run from (50, 50), the horizon, to (0, 100) on the left and (100, 100) on the right.
"""

import math
from dataclasses import replace

import pytest

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import corridor
from road_clarity.safety.monitors import lane_position
from road_clarity.safety.monitors.growth import collisions
from road_clarity.safety.motion import Motion
from road_clarity.safety.scene import Lane, Lanes, Track, Tracks

SIZE = (100, 100)
CONFIG = SafetyConfig(
    horizon=0.5, camera_height_m=1.4, corridor_width_m=2.8, lane_width_m=2.8,
    growth_weight=0.8, collision_begin_s=4.0, collision_full_s=2.0,
    departure_weight=0.6, departure_margin=0.2,
)  # fmt: skip
TENTH = 100_000_000  # [ns]


def lane(number: int, bottom_x: float) -> Lane:
    return Lane(
        number, tuple((50 + (bottom_x - 50) * k / 10, 50 + 5 * k) for k in range(10, 0, -1)), 0.9
    )


def straight_road(left: float = 0.0, right: float = 100.0) -> Lanes:
    return Lanes(0, (lane(2, left), lane(3, right)))


def tracks_of(label: str, boxes, period_ns: int = TENTH) -> tuple[Tracks, Motion]:
    motion = Motion(history_s=1.0)
    for i, box in enumerate(boxes):
        tracks = Tracks(i * period_ns, (Track(7, label, box, 0.9, i),))
        motion.see(tracks)
    return tracks, motion


def test_the_corridor_lies_between_the_ego_lines_and_ends_where_they_meet():
    strip = corridor(straight_road(), SIZE, CONFIG)
    assert strip.horizon == pytest.approx(50)
    assert [strip.position(x, 80) for x in (20, 50, 80)] == pytest.approx([0, 0.5, 1])


def test_in_a_wide_lane_the_corridor_is_the_strip_in_its_middle():
    strip = corridor(straight_road(), SIZE, replace(CONFIG, lane_width_m=5.6))
    assert [strip.position(x, 80) for x in (35, 50, 65)] == pytest.approx([0, 0.5, 1])


def test_without_lines_the_corridor_is_flat_ground_geometry():
    strip = corridor(
        None, SIZE, CONFIG
    )  # 2.8 m seen from 1.4 m: twice as wide as far below the horizon
    assert [strip.position(x, 75) for x in (25, 50, 75)] == pytest.approx([0, 0.5, 1])
    assert strip.closeness(75) == 0.5


def growing(rate: float) -> list[tuple[float, float, float, float]]:
    """A square of 20 px that grows both ways."""
    sizes = [20 * math.exp(rate * 0.1 * i) for i in range(8)]
    return [(50 - s / 2, 90 - s, 50 + s / 2, 90) for s in sizes]


def collisions_of(boxes) -> list:
    tracks, motion = tracks_of("vehicle", boxes)
    return collisions(tracks.tracks, corridor(straight_road(), SIZE, CONFIG), motion, CONFIG)


@pytest.mark.claim("approach")
def test_a_car_whose_box_grows_by_a_third_a_second_is_reached_in_three_seconds():
    (cause,) = collisions_of(growing(1 / 3))
    assert cause.points == pytest.approx(0.8 * 0.5)
    assert cause.text == "vehicle 7 would be reached in 3.0 s"


@pytest.mark.parametrize("rate", [-0.5, 0.0, 0.05, 8.0])
def test_leaving_standing_following_and_jumping_boxes_are_no_collision(rate):
    assert collisions_of(growing(rate)) == []


def test_a_box_that_grows_in_height_only_is_a_loose_box_and_no_collision():
    assert collisions_of([(40, y0, 60, y1) for _, y0, _, y1 in growing(1 / 3)]) == []


def test_growth_is_not_believed_before_half_the_history_was_seen():
    assert collisions_of(growing(1 / 3)[:5]) == []


def test_a_car_in_the_next_lane_is_no_collision():
    beside = [(x0 - 50, y0 - 20, x1 - 50, y1 - 20) for x0, y0, x1, y1 in growing(1 / 3)]
    assert collisions_of(beside) == []


@pytest.mark.parametrize(
    ("left", "right", "points"), [(0, 100, 0.0), (40, 140, 0.3), (50, 150, 0.6), (55, 155, 0.6)]
)
def test_departure_grows_from_the_margin_to_the_line(left, right, points):
    (cause,) = lane_position.departure(straight_road(left, right), SIZE, CONFIG)
    assert cause.points == pytest.approx(points)


def test_a_track_that_jumps_back_in_time_starts_a_new_history():
    motion = Motion(history_s=1.0)
    for stamp in (0, 1, 2, 3, 4, 2):
        motion.see(Tracks(stamp * TENTH, (Track(7, "person", (stamp, 0, stamp, 9), 0.9, 1),)))
    assert motion.sideways(7).error == math.inf
