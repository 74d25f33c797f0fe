"""The horizon: lines that meet a little off, and a car that nods.  Rows in pixels, downwards."""

import pytest

from road_clarity.safety.horizon_row import HorizonRow
from road_clarity.safety.scene import Track

TENTH = 100_000_000  # [ns]


def standing(shift: float) -> list[Track]:
    """Three who keep their distance, all seen so many rows lower."""
    return [
        Track(number, "person", (x, top + shift, x + 20.0, top + tall + shift), 0.9, 5)
        for number, (x, top, tall) in enumerate([(50, 150, 60), (300, 160, 40), (500, 140, 90)])
    ]


ROWS = [(one.box[1], one.box[3]) for one in standing(0.0)]


def grown(row: float, scale: float) -> float:
    return 165.0 + (row - 165.0) * scale


STILL = {0: 0.0, 1: 0.0, 2: 0.0}


def rows_after(lines: list[float], by_lines: bool = True) -> list[float]:
    horizon = HorizonRow()
    return [
        horizon.see(row, stamp_ns=index * TENTH, height=360, by_lines=by_lines)
        for index, row in enumerate(lines)
    ]


def test_one_row_that_is_off_is_hardly_believed():
    assert rows_after([165.0] * 20 + [190.0])[-1] == pytest.approx(165.0, abs=3.0)


def test_what_the_lines_say_for_a_second_is_believed():
    assert rows_after([165.0] * 20 + [155.0] * 10)[-1] == pytest.approx(155.0, abs=0.5)


def test_without_lines_the_row_stays_where_they_last_met():
    horizon = HorizonRow()
    for index in range(20):
        horizon.see(165.0, stamp_ns=index * TENTH, height=360)
    assert horizon.see(180.0, (), {}, 20 * TENTH, 360, by_lines=False) == pytest.approx(165.0)


def test_a_guess_gives_way_to_the_first_lines():
    horizon = HorizonRow()
    horizon.see(180.0, stamp_ns=0, height=360, by_lines=False)
    assert horizon.see(165.0, stamp_ns=TENTH, height=360) == pytest.approx(165.0, abs=1.0)


def test_when_the_car_nods_the_horizon_goes_with_everybody_in_the_same_frame():
    horizon = HorizonRow()
    for index in range(10):
        row = horizon.see(165.0, standing(0.0), STILL, index * TENTH, 360)
    assert row == pytest.approx(165.0)
    # braking: all of the picture, and so the lines, too, are 12 rows higher
    assert horizon.see(153.0, standing(-12.0), STILL, 10 * TENTH, 360) == pytest.approx(153.0)


def test_two_who_move_are_no_nod():
    """Boxes hop, too; fewer than three do not tell that the car nods."""
    horizon = HorizonRow()
    horizon.see(165.0, standing(0.0)[:2], STILL, 0, 360)
    row = horizon.see(165.0, standing(-12.0)[:2], STILL, TENTH, 360)
    assert row == pytest.approx(165.0)


def test_what_comes_closer_is_no_nod():
    """Met in 2 s: each box grows away from the horizon, none moves with the others."""
    horizon, closing = HorizonRow(), {0: -0.5, 1: -0.5, 2: -0.5}
    for index in range(3):
        scale = (1 - 0.05) ** -index
        boxes = [(0.0, grown(top, scale), 9.0, grown(foot, scale)) for top, foot in ROWS]
        nearer = [Track(number, "person", box, 0.9, 5) for number, box in enumerate(boxes)]
        row = horizon.see(165.0, nearer, closing, index * TENTH, 360)
    assert row == pytest.approx(165.0, abs=0.5)
