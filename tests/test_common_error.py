"""A row of parked vehicles that one error moves counts as one; people add up."""

import pytest

from road_clarity.safety.common_error import once
from road_clarity.safety.risk import Cause, combine


def cause(code: str, points: float) -> Cause:
    return Cause(code, points, None, "")


def test_three_parked_vehicles_count_as_much_as_the_likeliest():
    row = [cause("collision.course", points) for points in (0.3, 0.2, 0.1)]
    assert [one.points for one in once(row)] == pytest.approx([0.15, 0.1, 0.05])


def test_people_add_up_beside_them():
    causes = once(
        [cause("collision.course", 0.3), cause("corridor.person", 0.4),
         cause("collision.course", 0.3), cause("corridor.person", 0.2)]
    )  # fmt: skip
    score, reasons = combine(causes)
    assert score == pytest.approx(0.9)
    assert sum(one.share for one in reasons) == score


def test_no_vehicle_and_a_vehicle_without_points_change_nothing():
    causes = [cause("lane.departure", 0.3), cause("collision.course", 0.0)]
    assert once(causes) == causes
