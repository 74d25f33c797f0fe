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


def test_one_row_that_is_off_is_not_believed():
    horizon = HorizonRow()
    rows = [horizon.see(row) for row in (165.0, 165.0, 190.0, 165.0)]
    assert rows == [165.0] * 4


def test_when_the_car_nods_the_horizon_goes_with_everybody_in_the_same_frame():
    horizon = HorizonRow()
    for index in range(10):
        row = horizon.see(165.0, standing(0.0), STILL, index * TENTH, 360)
    assert row == pytest.approx(165.0)
    # braking: all of the picture, and so the lines, too, are 12 rows higher
    assert horizon.see(153.0, standing(-12.0), STILL, 10 * TENTH, 360) == pytest.approx(153.0)


def test_what_comes_closer_is_no_nod():
    """Met in 2 s: each box grows away from the horizon, none moves with the others."""
    horizon, closing = HorizonRow(), {0: -0.5, 1: -0.5, 2: -0.5}
    for index in range(3):
        scale = (1 - 0.05) ** -index
        boxes = [(0.0, grown(top, scale), 9.0, grown(foot, scale)) for top, foot in ROWS]
        nearer = [Track(number, "person", box, 0.9, 5) for number, box in enumerate(boxes)]
        row = horizon.see(165.0, nearer, closing, index * TENTH, 360)
    assert row == pytest.approx(165.0, abs=0.5)
